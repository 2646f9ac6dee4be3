import { effect, type Signal, signal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';

/** What a reader has chosen for this browser. */
export interface Settings {
  readonly theme: Signal<Theme>;
  /** Whether messages are seen to move. */
  readonly motion: Signal<boolean>;
}

const KEY = 'mad-console-settings';

export function createSettings(window: Window): Settings {
  const stored = load(window.localStorage);
  const calm = window.matchMedia('(prefers-reduced-motion: reduce)');
  const theme = signal<Theme>(stored.theme ?? 'auto');
  const motion = signal(stored.motion ?? !calm.matches);
  calm.addEventListener('change', () => {
    motion.value = !calm.matches;
  });
  effect(() => {
    const { dataset } = window.document.documentElement;
    if (theme.value === 'auto') delete dataset.theme;
    else dataset.theme = theme.value;
    const chosen = {
      theme: theme.value,
      ...(motion.value === !calm.matches ? {} : { motion: motion.value }),
    };
    window.localStorage.setItem(KEY, JSON.stringify(chosen));
  });
  return { theme, motion };
}

function load(storage: Storage): { theme?: Theme; motion?: boolean } {
  try {
    const { theme, motion } = JSON.parse(storage.getItem(KEY) ?? '{}');
    return {
      ...(theme === 'light' || theme === 'dark' ? { theme } : {}),
      ...(typeof motion === 'boolean' ? { motion } : {}),
    };
  } catch {
    return {};
  }
}
