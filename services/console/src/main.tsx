import { render } from 'preact';
import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';
import './styles/shell.css';
import './styles/account.css';
import './styles/controls.css';
import './styles/group.css';
import './styles/minute.css';
import './styles/traffic.css';
import './styles/bus-filter.css';
import './styles/bus.css';
import './styles/trace.css';
import './styles/tasks.css';
import './styles/work.css';
import './styles/ask.css';
import { App } from './app.tsx';
import { Page } from './page.ts';
import { createConsole } from './state/console.ts';
import { watchRoute } from './state/route.ts';
import { createSettings } from './state/settings.ts';

const app = document.getElementById('app') as HTMLElement;
const page = { console: createConsole(window), route: watchRoute(window), settings: createSettings(window) };
app.replaceChildren();
render(
  <Page.Provider value={page}>
    <App />
  </Page.Provider>,
  app,
);
void page.console.session.check();
