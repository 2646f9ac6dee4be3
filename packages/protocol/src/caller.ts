export const SCOPES = ['read', 'converse', 'publish', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** Who asks. `admin` includes every other scope and every caller's tasks. */
export interface Caller {
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
}

/** The caller on loopback where nothing is configured. */
export const LOCAL_CALLER: Caller = { name: 'local', scopes: new Set(SCOPES) };

export const isScope = (value: string): value is Scope => (SCOPES as readonly string[]).includes(value);

export const hasScope = (caller: Caller, scope: Scope): boolean =>
  caller.scopes.has(scope) || caller.scopes.has('admin');

/** Whether what `owner` made may be seen and changed by this caller. */
export const owns = (caller: Caller, owner: string): boolean =>
  caller.name === owner || caller.scopes.has('admin');
