// Which route a path belongs to.

/** The route of `method` and `path` with the fewest placeholders, and what stands where its placeholders are. */
export function findRoute<R extends { method: string; path: string }>(
  routes: readonly R[],
  method: string,
  path: string,
): { route: R; parameters: Record<string, string> } | undefined {
  let best: { route: R; parameters: Record<string, string> } | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const route of routes) {
    const parameters = route.method === method ? match(route.path, path) : undefined;
    if (parameters === undefined) continue;
    const count = Object.keys(parameters).length;
    if (count < fewest) [best, fewest] = [{ route, parameters }, count];
  }
  return best;
}

function match(template: string, path: string): Record<string, string> | undefined {
  const [expected, given] = [template.split('/'), path.split('/')];
  if (expected.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, part] of expected.entries()) {
    const here = given[index] ?? '';
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined) {
      if (part !== here) return undefined;
    } else {
      if (here === '') return undefined;
      parameters[name] = decode(here);
    }
  }
  return parameters;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
