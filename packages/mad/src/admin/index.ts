export { followTask } from '../cli/follow.ts';
export { type CliIo, EXIT, forTerminalLine, UsageError } from '../cli/io.ts';
export type { AdminCommand, AdminSession } from './admin-command.ts';
export { noArguments, wholeArgument } from './arguments.ts';
export { busTailCommand } from './bus-tail.ts';
export { type CommandTable, createCommandTable } from './command-table.ts';
export { spokenTitle, statusCommand } from './status-command.ts';
export { terminalJson } from './terminal-json.ts';
