import type { ReadonlySignal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Console } from './state/console.ts';
import type { Route } from './state/route.ts';
import type { Settings } from './state/settings.ts';

/** What every part of the page may look at. */
export interface PageState {
  readonly console: Console;
  readonly route: ReadonlySignal<Route>;
  readonly settings: Settings;
}

export const Page = createContext<PageState | null>(null);

export function usePage(): PageState {
  const page = useContext(Page);
  if (page === null) throw new Error('Outside of the page.');
  return page;
}
