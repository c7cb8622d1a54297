// The shaders of the network: vertices pull their element from textures. Lines are one draw call,
// symbols another: a shader that does both costs every dot of every line what a symbol costs.

const VERTEX = `
precision highp float; precision highp int; precision highp sampler2D; precision highp usampler2D;
uniform sampler2D uEnds; uniform usampler2D uState; uniform usampler2D uSymbols; uniform sampler2D uPalette;
uniform vec4 uSpecial[9]; uniform int uMode; uniform vec2 uCentre; uniform float uScale; uniform vec2 uView;
uniform float uDot; uniform float uSpacing; uniform bool uFeedStale;
// Few and packed: in software rendering each costs for every corner and every dot.
flat out vec4 vInk; flat out uvec3 vWhat; out vec3 vPlace;
const vec4 OUTSIDE = vec4(2., 2., 2., 1.);

ivec2 at(int e) { return ivec2(e & 1023, e >> 10); }

void main() {
  int q = gl_VertexID / 6, k = gl_VertexID - q * 6;
  vec2 corner = vec2((k & 1) == 1 ? 1. : -1., (k == 2 || k > 3) ? 1. : -1.);
#ifdef SYMBOLS
  int e = int(texelFetch(uSymbols, at(q), 0).r);
#else
  int e = q;
#endif
  vec4 ends = texelFetch(uEnds, at(e), 0);
  vec2 a = (ends.xy - uCentre) * uScale, b = (ends.zw - uCentre) * uScale;
  vec2 reach = uView * .5 + 30. * uDot;
  if (any(greaterThan(min(a, b), reach)) || any(lessThan(max(a, b), -reach))) { gl_Position = OUTSIDE; return; }
  vec2 d = b - a; float length2 = dot(d, d);
#ifndef SYMBOLS
  if (length2 < 1e-8) { gl_Position = OUTSIDE; return; }
#endif

  uvec4 state = texelFetch(uState, at(e), 0);
  uint flags = state.g, mark = state.b, kind = state.a & 7u;
  if (uFeedStale) flags |= 8u;
  bool dead = (flags & 1u) != 0u, unsure = (flags & 8u) != 0u, partly = (flags & 128u) != 0u;
  vec4 ink = texelFetch(uPalette, ivec2(int(state.r), uMode), 0);
  bool loud = ink.a > .999;
  if (dead) { ink = uSpecial[0]; loud = false; }
  if (unsure) { ink = uSpecial[1]; loud = false; }
  if ((mark & 2u) != 0u && !loud && !unsure) ink = uSpecial[3];

#ifdef SYMBOLS
  bool marked = (flags & (2u | 4u | 16u | 64u)) != 0u, chosen = (mark & 1u) != 0u;
  bool isSwitch = kind == 1u, isSource = kind == 3u;
  // What is quiet shows its symbol only where there is room for it.
  if (!marked && !chosen && !isSource && uSpacing < (isSwitch ? 2.5 : 13.) * uDot && !((flags & 32u) != 0u)) {
    gl_Position = OUTSIDE; return;
  }
  float size = clamp(uSpacing * .34, (isSource ? 4.5 : 3.) * uDot, 7. * uDot);
  if (marked || chosen) size = max(size, 5. * uDot);
  vInk = vec4(ink.rgb, size); vWhat = uvec3(0u, flags, kind | (chosen ? 8u : 0u));
  // No larger than what is drawn: every dot of it is worked out.
  vPlace = vec3(corner * (marked || chosen ? size * 2.4 + 2. * uDot : size * 1.3 + uDot), 0.);
  vec2 p = (a + b) * .5 + vPlace.xy;
  gl_Position = vec4(p / uView * 2., marked || chosen ? -.8 : -.6, 1.);
#else
  vec2 t = d * inversesqrt(length2), n = vec2(-t.y, t.x);
  float width = (.7 + float(state.a >> 3) / 31. * 2.2 * clamp(uSpacing / (9. * uDot), .35, 1.5)) * uDot;
  if (dead && !loud) width = max(.9 * uDot, width * .6);
  if (loud) width = max(width * 1.5, 2. * uDot);
  if ((mark & 2u) != 0u) width = max(width * 1.4, 1.8 * uDot);
  float halo = (mark & 1u) != 0u ? 3. * uDot : 0., half_ = width * .5;
  float wide = half_ + halo + .7;
  float end = corner.x > 0. ? 1. : 0.;
  vec2 p = mix(a, b, end) + t * corner.x * min(half_, 1.) + n * corner.y * wide;
  // Dashes follow the map, not the element, so that they run on through short pieces.
  vec2 world = mix(ends.xy, ends.zw, end) * uScale;
  vPlace = vec3(abs(t.x) > abs(t.y) ? world.x : world.y, corner.y * wide, halo);
  vInk = vec4(ink.rgb, half_); vWhat = uvec3(unsure ? 2u : dead ? 1u : partly ? 3u : 0u, flags, kind);
  float depth = (mark & 1u) != 0u ? -.4 : loud ? -.3 : (mark & 2u) != 0u ? -.2 : dead ? -.1 : unsure ? -.05 : 0.;
  gl_Position = vec4(p / uView * 2., depth, 1.);
#endif
}`;

const HEAD = `
precision highp float; precision highp int; precision highp sampler2D;
uniform vec4 uSpecial[9]; uniform float uDot;
flat in vec4 vInk; flat in uvec3 vWhat; in vec3 vPlace;
out vec4 outColour;
vec4 over(vec4 under, vec3 ink, float a) { return vec4(ink * a + under.rgb * (1. - a), a + under.a * (1. - a)); }
`;

const SYMBOLS = `
float box(vec2 p, float h) { vec2 d = abs(p) - h; return max(d.x, d.y); }
float bar(vec2 p, vec2 h) { vec2 d = abs(p) - h; return max(d.x, d.y); }
float cover(float d) { return clamp(.5 - d, 0., 1.); }

vec4 symbol() {
  uint flags = vWhat.y, kind = vWhat.z & 7u;
  float s = vInk.a, line = max(1.2 * uDot, s * .26);
  bool open = (flags & 32u) != 0u, unsure = (flags & 8u) != 0u;
  vec3 ground = uSpecial[5].rgb;
  vec4 c = vec4(0.);
  vec2 p = vPlace.xy;
  if ((vWhat.z & 8u) != 0u) { float d = abs(length(p) - s * 2.) - line * .6; c = over(c, uSpecial[2].rgb, cover(d)); }
  float body, hole = 1e3;
  bool isHollow = false;
  if (kind == 1u) { body = box(p, s); isHollow = open || unsure; hole = box(p, s - line); }
  else if (kind == 2u) {
    float r = s * .72, l = length(p - vec2(0., r * .62)), m = length(p + vec2(0., r * .62));
    body = min(abs(l - r), abs(m - r)) - line * .45;
    c = over(c, ground, cover(min(l, m) - r));
  }
  else if (kind == 3u) { body = length(p) - s * 1.25; isHollow = true; hole = length(p) - s * 1.25 + line; }
  else if (kind == 4u) { body = min(bar(p - vec2(0., s * .35), vec2(s, line * .5)), bar(p + vec2(0., s * .35), vec2(s, line * .5))); }
  else if (kind == 5u) { body = max(abs(p.x) * 1.4 + p.y * .8 - s * .8, -p.y - s * .8); }
  else if (kind == 6u) { body = length(p) - s * .8; isHollow = true; hole = length(p) - s * .8 + line; }
  else body = 1e3;
  // What is not known has an outline of dots.
  float gap = unsure && mod(p.x + p.y * 1.7, 4. * uDot) > 2.2 * uDot ? 0. : 1.;
  c = over(c, vInk.rgb, cover(body) * (unsure && isHollow ? gap : 1.));
  if (isHollow) {
    c = over(c, ground, cover(hole));
    if (kind == 3u) c = over(c, vInk.rgb, cover(abs(p.y - sin(p.x / s * 3.1) * s * .4) - line * .5) * cover(hole));
    if (kind == 1u && unsure) c = over(c, vInk.rgb, cover(length(p) - line * .7));
  }
  if ((flags & 16u) != 0u) { float d = abs(abs(p.x) + abs(p.y) - s * 2.05) - line * .6; c = over(c, uSpecial[7].rgb, cover(d)); }
  if ((flags & 4u) != 0u) {
    vec2 g = p - vec2(s * 1.25, s * 1.2);
    float flag = max(bar(g - vec2(s * .35, s * .3), vec2(s * .62, s * .5)), -1e3), pole = bar(g + vec2(s * .3, s * .1), vec2(line * .4, s * .95));
    c = over(c, uSpecial[8].rgb, cover(min(flag, pole)));
  }
  if ((flags & 2u) != 0u) {
    vec2 g = p + vec2(0., s * 1.75);
    float earth = min(bar(g - vec2(0., s * .35), vec2(s, line * .45)), min(bar(g, vec2(s * .62, line * .45)), bar(g + vec2(0., s * .38), vec2(s * .26, line * .45))));
    c = over(c, uSpecial[8].rgb, cover(earth));
  }
  if ((flags & 64u) != 0u) {
    vec2 r = vec2(p.x + p.y, p.x - p.y) * .7071;
    float cross = min(bar(r, vec2(s * 1.7, line * .7)), bar(r, vec2(line * .7, s * 1.7)));
    c = over(c, ground, cover(cross - line * .6)); c = over(c, uSpecial[4].rgb, cover(cross));
  }
  return c;
}

void main() { vec4 c = symbol(); if (c.a < .02) discard; outColour = c; }`;

const LINES = `
void main() {
  if (vWhat.x > 0u) {
    float pace = vWhat.x == 2u ? 4. : vWhat.x == 1u ? 9. : 16., dash = vWhat.x == 2u ? 1.6 : vWhat.x == 1u ? 5. : 12.;
    if (mod(vPlace.x, pace * uDot) > dash * uDot && vPlace.z <= 0.) discard;
  }
  float aside = abs(vPlace.y), half_ = vInk.a, inside = clamp(half_ + .5 - aside, 0., 1.);
  if (vPlace.z > 0.) {
    // What is chosen has an edge on both sides.
    float halo = .55 * clamp(half_ + vPlace.z + .5 - aside, 0., 1.);
    vec4 c = over(vec4(uSpecial[2].rgb * halo, halo), vInk.rgb, inside);
    if (c.a < .02) discard;
    outColour = c;
    return;
  }
  if (inside < .02) discard;
  outColour = vec4(vInk.rgb * inside, inside);
}`;

const VERSION = "#version 300 es\n";

/** The sources of the two programs: vertex and fragment. */
export const LINE_PROGRAM = [VERSION + VERTEX, VERSION + HEAD + LINES] as const;
export const SYMBOL_PROGRAM = [`${VERSION}#define SYMBOLS\n${VERTEX}`, VERSION + HEAD + SYMBOLS] as const;
