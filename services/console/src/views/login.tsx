import { useState } from 'preact/hooks';
import { usePage } from '../page.ts';

/** Asks for a token. It stays in this tab, and goes nowhere but into a header to Rogers. */
export function LoginView({ reason }: { reason: string | null }) {
  const { console } = usePage();
  const [token, setToken] = useState('');
  const [busy, setBusy] = useState(false);

  async function logIn(event: Event): Promise<void> {
    event.preventDefault();
    setBusy(true);
    await console.session.logIn(token);
    setBusy(false);
  }

  return (
    <main class="door">
      <img src="icon.svg" alt="" width="40" height="40" />
      <h1>MAD Group console</h1>
      <form onSubmit={logIn}>
        <label for="token">Token</label>
        <input
          id="token"
          type="password"
          autocomplete="off"
          spellcheck={false}
          value={token}
          aria-describedby={reason === null ? 'token-help' : 'token-problem token-help'}
          aria-invalid={reason !== null}
          onInput={(event) => setToken(event.currentTarget.value)}
        />
        <div role="alert">
          {reason !== null && (
            <p id="token-problem" class="problem">
              {reason}
            </p>
          )}
        </div>
        <button type="submit" class="primary" disabled={busy || token.trim() === ''}>
          {busy ? 'Asking Rogers …' : 'Log in'}
        </button>
        <p id="token-help" class="hint">
          The same token as for the tools: a line of <code>MAD_TOKENS</code>, as <code>mad-cli</code> shows
          it. With the scope read you can look; converse lets you ask and cancel. It is kept in this tab until
          you close it.
        </p>
      </form>
    </main>
  );
}

/** Rogers did not answer at all. */
export function UnreachableView({ reason }: { reason: string }) {
  const { console } = usePage();
  return (
    <main class="door">
      <img src="icon.svg" alt="" width="40" height="40" />
      <h1>No answer</h1>
      <p role="alert">{reason}</p>
      <button type="button" class="primary" onClick={() => void console.session.check()}>
        Try again
      </button>
    </main>
  );
}
