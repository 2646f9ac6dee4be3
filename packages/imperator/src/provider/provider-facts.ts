import { OFFLINE_PROVIDER_NAME } from './create-provider.ts';
import type { Provider } from './provider.ts';

/** What a MAD's status says of its provider. */
export function providerFacts(provider: Provider | null): {
  provider: string;
  provider_available?: boolean;
  details: Record<string, string>;
} {
  if (provider === null) return { provider: OFFLINE_PROVIDER_NAME, details: {} };
  const circuit = provider.circuit?.();
  if (!circuit) return { provider: provider.name, details: {} };
  const { state, awaySinceMs, reason } = circuit;
  return {
    provider: provider.name,
    provider_available: awaySinceMs === null,
    details: {
      provider_circuit: state,
      ...(awaySinceMs === null
        ? {}
        : { provider_away_since: new Date(awaySinceMs).toISOString(), provider_away_because: reason ?? '' }),
    },
  };
}
