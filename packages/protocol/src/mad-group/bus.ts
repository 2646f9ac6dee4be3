import { z } from 'zod';
import { rules } from './cel.ts';
import { matching, namedRef, secretRef, storage } from './fields.ts';

const tls = (meaning: string) =>
  z
    .strictObject({
      caSecretRef: namedRef('Secret whose `ca.crt` signed the certificate.')
        .exactOptional()
        .describe('Where absent, public authorities are trusted.'),
    })
    .exactOptional()
    .describe(meaning);

const ExternalSchema = z
  .strictObject({
    url: matching(
      /^rediss?:\/\/[^@\s]+$/,
      2048,
      'must be redis://HOST:PORT, or rediss:// with TLS, without a password: that comes from passwordSecretRef',
    ).describe('`redis://HOST:PORT`, or `rediss://` with TLS.'),
    passwordSecretRef: secretRef('password').describe('Where its password is.'),
    tls: tls('Of a `rediss://` server.'),
  })
  .meta(
    rules({
      rule: "!has(self.tls) || self.url.startsWith('rediss://')",
      message: 'tls needs a url that begins with rediss://: change the url or remove tls',
      fieldPath: '.tls',
    }),
  );

const SentinelsSchema = z.strictObject({
  addresses: z
    .array(
      matching(
        /^[^:/\s]+:[0-9]{1,5}$/,
        260,
        'must be HOST:PORT of a Sentinel, such as sentinel-0.redis:26379',
      ),
    )
    .min(1)
    .max(20)
    .describe('`HOST:PORT` of each Sentinel.'),
  master: matching(
    /^[-._a-zA-Z0-9]+$/,
    253,
    'must be the name that Sentinel knows the primary by, such as mymaster',
  )
    .default('mymaster')
    .describe('Name that Sentinel knows the primary by.'),
  passwordSecretRef: secretRef('password').describe('Where the password of the servers behind them is.'),
  tls: tls('TLS to those servers.'),
});

const IS_ELSEWHERE = 'has(self.external) || has(self.sentinels)';

/** Redis: one that runs here, or one that is there already. */
export const BusSchema = z
  .strictObject({
    storage: storage().exactOptional().describe('Of the Redis that runs in the group.'),
    passwordSecretRef: secretRef('password')
      .exactOptional()
      .describe(
        'Password of the Redis that runs in the group, in the place of one that is made once and kept.',
      ),
    external: ExternalSchema.exactOptional().describe('A Redis outside: then none runs in the group.'),
    sentinels: SentinelsSchema.exactOptional().describe(
      'A Redis behind Sentinel: then none runs in the group.',
    ),
  })
  .meta(
    rules(
      {
        rule: '!(has(self.external) && has(self.sentinels))',
        message: 'external and sentinels are both set: keep the one where the bus is',
      },
      {
        rule: `!has(self.storage) || !(${IS_ELSEWHERE})`,
        message: 'storage is of the Redis that runs in the group: remove it, or external and sentinels',
        fieldPath: '.storage',
      },
      {
        rule: `!has(self.passwordSecretRef) || !(${IS_ELSEWHERE})`,
        message:
          'passwordSecretRef is of the Redis that runs in the group: move it into external or sentinels',
        fieldPath: '.passwordSecretRef',
      },
    ),
  )
  .describe('The bus: a Redis of the group’s own, unless it is said where one is.');
