import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { usePage } from './page.ts';
import { Account } from './parts/account.tsx';
import { LinkBanner, LinkState } from './parts/link-state.tsx';
import { hrefTo, type Route, VIEWS, type View } from './state/route.ts';
import { AskView } from './views/ask.tsx';
import { BusView } from './views/bus.tsx';
import { GroupView } from './views/group.tsx';
import { LoginView, UnreachableView } from './views/login.tsx';
import { TasksView } from './views/tasks.tsx';
import { TraceView } from './views/trace.tsx';
import { TrafficView } from './views/traffic.tsx';

const TITLES: Readonly<Record<Route['view'], string>> = {
  group: 'Group',
  traffic: 'Traffic',
  bus: 'Bus',
  tasks: 'Tasks',
  ask: 'Ask',
  trace: 'Trace',
};

export function App() {
  const { console } = usePage();
  const { value } = console.session.state;
  if (value.state === 'login') return <LoginView reason={value.reason} />;
  if (value.state === 'unreachable') return <UnreachableView reason={value.reason} />;
  if (value.state === 'asking') return <p class="boot">Loading the console …</p>;
  return (
    <Shell>
      <CurrentView />
    </Shell>
  );
}

function CurrentView() {
  const { route } = usePage();
  switch (route.value.view) {
    case 'group':
      return <GroupView />;
    case 'traffic':
      return <TrafficView />;
    case 'bus':
      return <BusView />;
    case 'tasks':
      return <TasksView />;
    case 'ask':
      return <AskView />;
    case 'trace':
      return <TraceView />;
  }
}

function Shell({ children }: { children: ComponentChildren }) {
  const { route } = usePage();
  const { view } = route.value;
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);

  // A screen reader is told of a new view by its heading, which takes the focus; not at the first.
  useEffect(() => {
    document.title = `${TITLES[view]} · MAD Group`;
    if (isFirst.current) isFirst.current = false;
    else main.current?.focus();
  }, [view]);

  return (
    <div class="shell">
      {/* No link: the hash is the route. */}
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <header class="top">
        <a class="brand" href={hrefTo('group')} aria-label="MAD Group, to the group">
          <img src="icon.svg" alt="" width="24" height="24" />
          <span>MAD Group</span>
        </a>
        <nav class="views" aria-label="Views">
          {VIEWS.map((name) => (
            <a key={name} href={hrefTo(name)} aria-current={isOn(name, view) ? 'page' : undefined}>
              <Icon name={name} />
              <span>{TITLES[name]}</span>
            </a>
          ))}
        </nav>
        <div class="top-end">
          <LinkState />
          <Account />
        </div>
      </header>
      <LinkBanner />
      <main id="main" ref={main} tabIndex={-1} aria-label={TITLES[view]} class={`view view-${view}`}>
        {children}
      </main>
    </div>
  );
}

/** A trace belongs to the bus. */
const isOn = (name: View, view: Route['view']): boolean =>
  name === view || (name === 'bus' && view === 'trace');

const PATHS: Readonly<Record<View, string>> = {
  group:
    'M4 12h16M7 12V8m5 4v4m5-4V8M7 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4Zm10 0a2 2 0 1 0 0-4 2 2 0 0 0 0 4Zm-5 12a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z',
  traffic: 'M4 20h16M7 16v-4m5 4V5m5 11V9',
  bus: 'M4 6h16M4 12h16M4 18h10',
  tasks: 'm4 7 2 2 3-4m3 3h8M4 17l2 2 3-4m3 3h8',
  ask: 'M4 5h16v11H11l-4 4v-4H4Z',
};

function Icon({ name }: { name: View }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
