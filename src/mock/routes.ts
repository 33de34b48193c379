// Which route a path belongs to: the one with the fewest placeholders, found without trying them all.

/** Names in a route's path, and what a request has there. */
export type Parameters = Record<string, string>;

interface Pattern<R> {
  route: R;
  /** The path's segments: a text that must stand there, or the name of a placeholder. */
  segments: (string | { name: string })[];
  placeholders: number;
}

const NO_PARAMETERS: Parameters = Object.freeze({});

/** The routes of a gateway, sorted once so that finding one is a look-up and a few comparisons. */
export class Router<R extends { method: string; path: string }> {
  /** Routes without placeholders, by method and path: nothing has fewer. */
  private readonly fixed = new Map<string, R>();
  /** The others, by method and number of segments, fewest placeholders first. */
  private readonly patterns = new Map<string, Pattern<R>[]>();

  constructor(routes: readonly R[]) {
    for (const route of routes) {
      const segments = route.path.split('/').map((part) => {
        const name = /^\{(\w+)\}$/.exec(part)?.[1];
        return name === undefined ? part : { name };
      });
      const placeholders = segments.filter((segment) => typeof segment !== 'string').length;
      if (placeholders === 0) {
        const name = `${route.method} ${route.path}`;
        if (!this.fixed.has(name)) this.fixed.set(name, route);
      } else {
        const name = `${route.method} ${segments.length}`;
        const others = this.patterns.get(name) ?? [];
        this.patterns.set(
          name,
          [...others, { route, segments, placeholders }].sort((a, b) => a.placeholders - b.placeholders),
        );
      }
    }
  }

  find(method: string, path: string): { route: R; parameters: Parameters } | undefined {
    const route = this.fixed.get(`${method} ${path}`);
    if (route !== undefined) return { route, parameters: NO_PARAMETERS };
    const given = path.split('/');
    for (const pattern of this.patterns.get(`${method} ${given.length}`) ?? []) {
      const parameters = match(pattern.segments, given);
      if (parameters !== undefined) return { route: pattern.route, parameters };
    }
    return undefined;
  }
}

function match(segments: readonly (string | { name: string })[], given: readonly string[]): Parameters | undefined {
  let parameters: Parameters | undefined;
  for (let index = 0; index < segments.length; index++) {
    const segment = segments[index];
    const here = given[index] ?? '';
    if (typeof segment !== 'object') {
      if (segment !== here) return undefined;
    } else {
      if (here === '') return undefined;
      parameters ??= {};
      parameters[segment.name] = here.includes('%') ? decode(here) : here;
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
