// What the pages touch of a browser when they are loaded, for a run without one.
globalThis.document = { documentElement: { dataset: {}, style: { setProperty: () => undefined } } };
globalThis.location = { hash: "" };
globalThis.addEventListener = () => undefined;
