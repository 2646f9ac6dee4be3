// What people get wrong in values: each is refused before anything is installed, by the key's name.
import { expect, test } from 'vitest';
import { template } from '../kit/helm.ts';

const LIBRARIAN = 'extraMads[0].name=librarian,extraMads[0].image.repository=x';
const MISTAKES: readonly (readonly [what: string, chart: string, args: string, words: RegExp])[] = [
  ['a typo in a member', 'mad-group', 'fiedler.replica=1', /fiedler[\s\S]*'replica'/],
  ['a typo at the top', 'mad-group', 'lllm.model=x', /'lllm'/],
  ['a typo in the model', 'mad-group', 'llm.baseURL=http://x', /llm[\s\S]*'baseURL'/],
  [
    'a key of the environment that is none',
    'mad-group',
    'fiedler.config.TASK_CONCURENCY=5',
    /'TASK_CONCURENCY'/,
  ],
  ['a key of another MAD', 'mad-group', 'grace.config.TASK_CONCURRENCY=5', /grace[\s\S]*'TASK_CONCURRENCY'/],
  [
    'a number that is text',
    'mad-group',
    'fiedler.config.TASK_CONCURRENCY=many',
    /TASK_CONCURRENCY[\s\S]*integer/,
  ],
  [
    'a number out of its range',
    'mad-group',
    'fiedler.config.TASK_CONCURRENCY=0',
    /TASK_CONCURRENCY[\s\S]*minimum/,
  ],
  ['a level that is none', 'mad-group', 'grace.config.LOG_LEVEL=loud', /LOG_LEVEL/],
  [
    'two replicas of Fiedler',
    'mad-group',
    'fiedler.replicas=2',
    /replicas[\s\S]*one SQLite file, which has one writer/,
  ],
  ['two replicas of Rogers', 'mad-group', 'rogers.replicas=2', /replicas[\s\S]*a message is counted once/],
  ['two replicas of Redis', 'mad-group', 'redis.replicas=3', /replicas[\s\S]*set redis\.sentinels/],
  ['a size that is none', 'mad-group', 'fiedler.persistence.size=lots', /\/persistence\/size/],
  ['a policy that is none', 'mad-group', 'rogers.persistence.whenDeleted=Keep', /\/persistence\/whenDeleted/],
  ['memory that is none', 'mad-group', 'grace.resources.limits.memory=1GB', /\/resources\/limits\/memory/],
  ['a list in the place of a map', 'mad-group', 'grace.nodeSelector[0]=x', /nodeSelector[\s\S]*object/],
  ['a base URL without its scheme', 'mad-group', 'llm.baseUrl=ollama:11434', /\/llm\/baseUrl/],
  ['a collector without its scheme', 'mad-group', 'tracing.endpoint=otel:4318', /\/tracing\/endpoint/],
  ['a typo in tracing', 'mad-group', 'tracing.endpont=http://otel:4318', /tracing[\s\S]*'endpont'/],
  [
    'a sampler that is none',
    'mad-group',
    'grace.config.OTEL_TRACES_SAMPLER=sometimes',
    /OTEL_TRACES_SAMPLER/,
  ],
  [
    'a scope that is none',
    'mad-group',
    'callers[0].name=bob,callers[0].scopes[0]=write',
    /\/callers\/0\/scopes\/0/,
  ],
  ['a caller without scopes', 'mad-group', 'callers[0].name=bob', /callers\/0[\s\S]*scopes/],
  [
    'a second admin',
    'mad-group',
    'callers[0].name=admin,callers[0].scopes[0]=read',
    /callers: the name admin is there twice/,
  ],
  ['a digest that is none', 'mad-group', 'grace.image.digest=latest', /\/image\/digest/],
  ['a URL with a password in it', 'mad-group', 'redis.external.url=redis://:pw@host:6379', /\/external\/url/],
  [
    'Redis outside without its password',
    'mad-group',
    'redis.external.url=redis://host:6379',
    /redis\.auth\.existingSecret is not set/,
  ],
  [
    'Redis outside and Sentinel',
    'mad-group',
    'redis.external.url=redis://host:6379,redis.sentinels[0]=s:26379,redis.auth.existingSecret=x',
    /redis\.external\.url and redis\.sentinels are both set/,
  ],
  [
    'a certificate for the Redis inside',
    'mad-group',
    'redis.external.caSecret=ca',
    /redis\.external\.caSecret is set without/,
  ],
  [
    'an Ingress without a host',
    'mad-group',
    'grace.ingress.enabled=true',
    /grace: ingress\.enabled needs ingress\.host/,
  ],
  [
    'a route without a gateway',
    'mad-group',
    'grace.httpRoute.enabled=true',
    /grace: httpRoute\.enabled needs/,
  ],
  [
    'a key in two places',
    'mad-group',
    'grace.config.LOG_LEVEL=debug,grace.extraEnv[0].name=LOG_LEVEL,grace.extraEnv[0].value=info',
    /grace: LOG_LEVEL is in config and in extraEnv/,
  ],
  [
    'a variable that the chart sets',
    'mad-group',
    'grace.extraEnv[0].name=DRAIN_MS,grace.extraEnv[0].value=5',
    /grace: extraEnv sets DRAIN_MS/,
  ],
  [
    'no MAD at all',
    'mad-group',
    'grace.enabled=false,fiedler.enabled=false,rogers.enabled=false,sequential-thinking.enabled=false',
    /Every MAD is switched off/,
  ],
  [
    'thinkers without their planner',
    'mad-group',
    'sequential-thinking.enabled=false',
    /sequential-thinking\.enabled is false, and fiedler/,
  ],
  [
    'more memory for Redis than it may take',
    'mad-group',
    'redis.maxMemoryMb=4096',
    /redis\.maxMemoryMb is 4096 and the memory limit 1Gi/,
  ],
  [
    'a wildcard for a host',
    'mad-group',
    'grace.httpRoute.enabled=true,grace.httpRoute.parentRefs[0].name=x,grace.httpRoute.hostnames[0]=*.example',
    /grace: httpRoute\.hostnames has \*\.example/,
  ],
  ['a typo of the operator', 'mad-operator', 'watchNamepace=agents', /'watchNamepace'/],
  ['an interval that is none', 'mad-operator', 'serviceMonitor.interval=30', /\/serviceMonitor\/interval/],
  [
    'a typo in a MAD of one’s own',
    'mad-group',
    `${LIBRARIAN},extraMads[0].replica=2`,
    /extraMads\/0[\s\S]*'replica'/,
  ],
  [
    'a MAD of one’s own without a name',
    'mad-group',
    'extraMads[0].image.repository=x',
    /extraMads\/0[\s\S]*'name'/,
  ],
  [
    'a MAD of one’s own without an image',
    'mad-group',
    'extraMads[0].name=librarian',
    /extraMads\/0[\s\S]*'image'/,
  ],
  [
    'an image in one word',
    'mad-group',
    'extraMads[0].name=librarian,extraMads[0].image=librarian:1.2',
    /extraMads\/0\/image[\s\S]*object/,
  ],
  [
    'a name that no Service can have',
    'mad-group',
    'extraMads[0].name=Librarian,extraMads[0].image.repository=x',
    /extraMads\/0\/name/,
  ],
  [
    'a MAD of one’s own that is one of the four',
    'mad-group',
    'extraMads[0].name=grace,extraMads[0].image.repository=x',
    /grace is one of the four, and its values are at grace/,
  ],
  [
    'a MAD of one’s own that is called as the bus is',
    'mad-group',
    'extraMads[0].name=redis,extraMads[0].image.repository=x',
    /redis is the name of another Service/,
  ],
  [
    'two MADs of one name',
    'mad-group',
    `${LIBRARIAN},extraMads[1].name=librarian,extraMads[1].image.repository=y`,
    /extraMads: the name librarian is there twice/,
  ],
  [
    'a known setting of a MAD of one’s own that is wrong',
    'mad-group',
    `${LIBRARIAN},extraMads[0].config.LOG_LEVEL=loud`,
    /extraMads\/0\/config\/LOG_LEVEL/,
  ],
  [
    'a setting that the chart sets',
    'mad-group',
    `${LIBRARIAN},extraMads[0].config.MAD_PORT=9000`,
    /librarian: config sets MAD_PORT, which the chart sets/,
  ],
  [
    'one claim for two replicas',
    'mad-group',
    `${LIBRARIAN},extraMads[0].replicas=2,extraMads[0].persistence.existingClaim=old`,
    /librarian: persistence\.existingClaim is one claim, and replicas is 2/,
  ],
  [
    'plans for a MAD of one’s own without their planner',
    'mad-group',
    `${LIBRARIAN},extraMads[0].sequentialThinkingUrl=ws://sequential-thinking:8003,sequential-thinking.enabled=false,fiedler.enabled=false,rogers.enabled=false`,
    /sequential-thinking\.enabled is false, and librarian/,
  ],
  ['a MAD of one’s own alone, without a name', 'extra-mad', 'replicas=1', /name is not set/],
  [
    'a MAD of one’s own alone, without an image',
    'extra-mad',
    'name=librarian',
    /librarian: image\.repository is not set/,
  ],
  [
    'a MAD of one’s own alone, without a bus',
    'extra-mad',
    'name=librarian,image.repository=x',
    /librarian: redis\.url is not set/,
  ],
  ['null for a part', 'mad-group', 'llm=null', /llm/],
  ['null for a part of a member', 'mad-group', 'rogers.networkPolicy=null', /networkPolicy/],
  ['a member alone without a bus', 'fiedler', 'enabled=true', /fiedler: redis\.url is not set/],
  [
    'a member alone without the password',
    'rogers',
    'redis.url=redis://redis:6379',
    /rogers: redis\.passwordSecret is not set/,
  ],
];

test.each(MISTAKES)('%s is refused by name', async (_what, chart, args, words) => {
  const { code, stderr } = await template(chart, '--set', args);
  expect(stderr).toMatch(words);
  expect(code).not.toBe(0);
});
