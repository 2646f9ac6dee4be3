export {
  copyProgram,
  type Finished,
  fingerprintIn,
  type KeyPair,
  type Login,
  makeKey,
  type SshClient,
  ssh,
  startSsh,
  startTerminal,
  type TerminalClient,
} from './openssh.ts';
