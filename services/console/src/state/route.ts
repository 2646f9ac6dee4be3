import { type ReadonlySignal, signal } from '@preact/signals';

export const VIEWS = ['group', 'traffic', 'bus', 'tasks', 'ask'] as const;
export type View = (typeof VIEWS)[number];

export interface Route {
  readonly view: View | 'trace';
  /** Behind the view: a task's MAD and id, a correlation id. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
}

/** `#/bus?q=text`, `#/tasks/fiedler/ID`, `#/trace/ID`. What is not known is the group. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [view = '', ...rest] = path.split('/').map(decode);
  const known = [...VIEWS, 'trace'] as const;
  return {
    view: known.find((name) => name === view) ?? 'group',
    path: rest.filter((part) => part !== ''),
    query: new URLSearchParams(query),
  };
}

export function hrefTo(
  view: Route['view'],
  path: readonly string[] = [],
  query: Record<string, string> = {},
): string {
  const search = new URLSearchParams(query).toString();
  return `#/${[view, ...path].map(encodeURIComponent).join('/')}${search === '' ? '' : `?${search}`}`;
}

/** The route of the address bar. */
export function watchRoute(window: Window): ReadonlySignal<Route> {
  const route = signal(parseRoute(window.location.hash));
  window.addEventListener('hashchange', () => {
    route.value = parseRoute(window.location.hash);
  });
  return route;
}

/** A bad escape is text. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
