import { useEffect, useRef } from 'preact/hooks';
import { usePage } from '../page.ts';
import type { Theme } from '../state/settings.ts';

const THEMES: readonly [Theme, string][] = [
  ['auto', 'As the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
];

/** Who is here, what they may do, and how the page looks. */
export function Account() {
  const { console, settings } = usePage();
  const details = useRef<HTMLDetailsElement>(null);
  const { value } = console.session.state;

  useEffect(() => {
    const close = (event: Event): void => {
      const { current } = details;
      if (!current?.open) return;
      const isEscape = event instanceof KeyboardEvent && event.key === 'Escape';
      if (!isEscape && (event instanceof KeyboardEvent || current.contains(event.target as Node))) return;
      current.open = false;
      if (isEscape) current.querySelector('summary')?.focus();
    };
    document.addEventListener('pointerdown', close);
    document.addEventListener('keydown', close);
    return () => {
      document.removeEventListener('pointerdown', close);
      document.removeEventListener('keydown', close);
    };
  }, []);

  if (value.state !== 'in') return null;
  const { caller, scopes, version } = value.session;
  return (
    <details class="account" ref={details}>
      <summary>
        <span class="avatar" aria-hidden="true">
          {caller.slice(0, 1).toUpperCase()}
        </span>
        <span class="name">{caller}</span>
        <span class="hidden">: account and settings</span>
      </summary>
      <div class="popover">
        <p class="who">
          <strong>{caller}</strong>
          <span>may: {scopes.join(', ') || 'nothing'}</span>
        </p>
        <fieldset>
          <legend>Colours</legend>
          {THEMES.map(([theme, words]) => (
            <label key={theme}>
              <input
                type="radio"
                name="theme"
                checked={settings.theme.value === theme}
                onChange={() => {
                  settings.theme.value = theme;
                }}
              />
              {words}
            </label>
          ))}
        </fieldset>
        <label class="check">
          <input
            type="checkbox"
            checked={settings.motion.value}
            onChange={(event) => {
              settings.motion.value = event.currentTarget.checked;
            }}
          />
          Show messages moving
        </label>
        {value.withToken ? (
          <button type="button" onClick={() => console.session.logOut()}>
            Log out
          </button>
        ) : (
          <p class="hint">Nobody is asked for a token on this address.</p>
        )}
        <p class="hint">
          Rogers {version} · <a href="licences.txt">licences</a>
        </p>
      </div>
    </details>
  );
}
