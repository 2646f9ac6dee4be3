import { clockSecond, perSecond } from '../format.ts';
import { usePage } from '../page.ts';

/** How the page is connected, in one word; and how much comes. */
export function LinkState() {
  const { console } = usePage();
  const { state } = console.link.value;
  const now = console.now.value;
  if (state === 'live') {
    return (
      <span class="link-state is-live" title="Connected to the bus">
        <span class="dot" aria-hidden="true" />
        Live <span class="rate">{perSecond(console.traffic.rate(now))}</span>
      </span>
    );
  }
  return (
    <span class={`link-state ${state === 'connecting' ? 'is-waiting' : 'is-lost'}`}>
      <span class="dot" aria-hidden="true" />
      {state === 'connecting' ? 'Connecting' : 'Offline'}
    </span>
  );
}

/** What to know and do while the page, or the group's bus, is cut off. Said once by a screen reader. */
export function LinkBanner() {
  const { console } = usePage();
  const link = console.link.value;
  const bus = console.group.value?.bus;
  const lost = link.state === 'lost';
  return (
    <div class="banner-place">
      <div role="status" aria-live="polite">
        {lost && (
          <p class="banner is-bad">
            <strong>Disconnected.</strong> <span class="reason">{link.reason}</span> This page shows what it
            had at {clockSecond(console.heardAt.value)}. Once connected it reads on from there, as far as the
            log still has it.
          </p>
        )}
        {link.state === 'refused' && (
          <p class="banner is-bad">
            <strong>The bus cannot be shown.</strong> {link.reason}
          </p>
        )}
        {link.state === 'live' && bus && !bus.connected && (
          <p class="banner is-warn">
            <strong>The bus is away.</strong> {bus.reason ?? ''} Rogers waits for it.
          </p>
        )}
      </div>
      {lost && <Retry atMs={link.retryAtMs} />}
    </div>
  );
}

/** Not in the live region: a countdown would be read out each second. */
function Retry({ atMs }: { atMs: number }) {
  const { console } = usePage();
  // Drawn anew each second.
  console.now.value;
  const seconds = Math.max(0, Math.ceil((atMs - Date.now()) / 1000));
  return (
    <button type="button" class="small" onClick={() => console.retryNow()}>
      {seconds > 0 ? `Retry now (in ${seconds} s)` : 'Retrying …'}
    </button>
  );
}
