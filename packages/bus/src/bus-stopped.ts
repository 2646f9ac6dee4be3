import { MadError } from '@mad-group/protocol';

/** What a bus that was stopped answers, whatever its kind. */
export const busStopped = (): MadError => new MadError('bus_unavailable', 'The bus is stopped.');
