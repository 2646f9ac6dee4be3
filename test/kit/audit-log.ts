import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A request as the audit log of an API server has it: who asked for what, and how it ended. */
export interface AuditedRequest {
  readonly user: { readonly username: string };
  readonly verb: string;
  readonly requestURI: string;
  /** Absent where it was about no object, as `/version`. */
  readonly objectRef?: {
    /** Absent for the core. */
    readonly apiGroup?: string;
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code: number };
}

/** Without bodies, and once for each request: a watch is told of when it begins and when it ends. */
const POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata' }],
};

/** Flags with which an API server writes down, in a folder, each request before it is answered. */
export function auditFlags(folder: string): string[] {
  const policy = join(folder, 'audit-policy.json');
  writeFileSync(policy, JSON.stringify(POLICY));
  return [`--audit-policy-file=${policy}`, `--audit-log-path=${auditPath(folder)}`];
}

/** What stands there until now; the last line may still be on its way. */
export function readAuditLog(folder: string): AuditedRequest[] {
  const lines = readFileSync(auditPath(folder), 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as AuditedRequest);
}

const auditPath = (folder: string): string => join(folder, 'audit.log');
