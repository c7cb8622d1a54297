// A program of the graphics processor, and where its uniforms are.

export class Program {
  private readonly program: WebGLProgram;
  private readonly at = new Map<string, WebGLUniformLocation | null>();

  constructor(
    private readonly gl: WebGL2RenderingContext,
    sources: readonly [vertex: string, fragment: string],
  ) {
    this.program = gl.createProgram();
    this.attach(gl.VERTEX_SHADER, sources[0]);
    this.attach(gl.FRAGMENT_SHADER, sources[1]);
    gl.linkProgram(this.program);
    if (!gl.getProgramParameter(this.program, gl.LINK_STATUS))
      throw new Error(`the shaders do not link: ${gl.getProgramInfoLog(this.program) ?? ""}`);
  }

  use(): void {
    this.gl.useProgram(this.program);
  }

  /** Where a uniform is; null where the program has no use for it. */
  where(name: string): WebGLUniformLocation | null {
    let found = this.at.get(name);
    if (found === undefined) {
      found = this.gl.getUniformLocation(this.program, name);
      this.at.set(name, found);
    }
    return found;
  }

  private attach(kind: number, text: string): void {
    const shader = this.gl.createShader(kind);
    if (!shader) throw new Error("the graphics context is lost");
    this.gl.shaderSource(shader, text);
    this.gl.compileShader(shader);
    if (!this.gl.getShaderParameter(shader, this.gl.COMPILE_STATUS))
      throw new Error(`a shader does not compile: ${this.gl.getShaderInfoLog(shader) ?? ""}`);
    this.gl.attachShader(this.program, shader);
  }
}
