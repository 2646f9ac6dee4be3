export { type SshAdminOptions, sshAdmin } from './ssh-admin.ts';
