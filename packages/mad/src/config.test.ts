import { describe, expect, test } from 'vitest';
import { ConfigError, EnvironmentSchema, loadConfig, SECRET_KEYS } from './config.ts';

const problemsOf = (env: Record<string, string>): string => {
  try {
    loadConfig(env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  throw new Error('no problem');
};

describe('the environment', () => {
  test('needs nothing: every default is that of the design', () => {
    expect(loadConfig({})).toMatchObject({
      HOST: '127.0.0.1',
      GRACE_PORT: 8000,
      FIEDLER_PORT: 8001,
      ROGERS_PORT: 8002,
      SEQUENTIAL_THINKING_PORT: 8003,
      PLATFORM_PORT: 9464,
      LLM_MODEL: 'gpt-4o-mini',
      TASK_CONCURRENCY: 64,
      TASK_QUEUE_MAX: 10_000,
      AUTH: 'on',
      LOG_LEVEL: 'info',
      ALLOWED_HOSTS: [],
    });
    expect(loadConfig({}).REDIS_URL).toBeUndefined();
  });

  test('takes an empty value for an absent one', () => {
    expect(loadConfig({ GRACE_PORT: '', REDIS_URL: '' })).toEqual(loadConfig({}));
  });

  test('reads numbers, lists and levels', () => {
    const config = loadConfig({
      GRACE_PORT: '0',
      ALLOWED_HOSTS: 'a.example, b.example  c',
      LOG_LEVEL: 'WARNING',
    });
    expect(config).toMatchObject({
      GRACE_PORT: 0,
      ALLOWED_HOSTS: ['a.example', 'b.example', 'c'],
      LOG_LEVEL: 'warn',
    });
  });

  test('names every bad key at once, with what it is', () => {
    const problems = problemsOf({
      GRACE_PORT: '70000',
      TASK_CONCURRENCY: 'many',
      AUTH: 'maybe',
      REDIS_URL: 'http://x',
    });
    expect(problems).toMatch(/GRACE_PORT must be between 0 and 65535 \(it is '70000'\)/);
    expect(problems).toMatch(/TASK_CONCURRENCY must be a whole number/);
    expect(problems).toMatch(/AUTH must be on or off/);
    expect(problems).toMatch(
      /REDIS_URL must be a URL that begins with redis:\/\/, rediss:\/\/ or redis-sentinel:\/\//,
    );
  });

  test('documents each key', () => {
    for (const [key, schema] of Object.entries(EnvironmentSchema.shape)) {
      expect(schema.description, key).toBeTruthy();
    }
  });
});

describe('secrets', () => {
  const file = (path: string): string => {
    if (path !== '/run/secrets/redis') throw new Error('ENOENT');
    return 'from-the-file\n';
  };

  test('may come from a file, without its last line break', () => {
    expect(loadConfig({ REDIS_PASSWORD_FILE: '/run/secrets/redis' }, file).REDIS_PASSWORD).toBe(
      'from-the-file',
    );
  });

  test('from two places are refused, and their values not shown', () => {
    const env = { REDIS_PASSWORD: 'from-the-key', REDIS_PASSWORD_FILE: '/run/secrets/redis' };
    expect(() => loadConfig(env, file)).toThrow(/keep one/);
    expect(() => loadConfig(env, file)).not.toThrow(/from-the/);
  });

  test('whose file cannot be read are named', () => {
    expect(() => loadConfig({ OPENAI_API_KEY_FILE: '/none' }, file)).toThrow(
      /OPENAI_API_KEY_FILE cannot be read/,
    );
  });

  test('are the password, the key, the callers and the headers for a collector', () => {
    expect(SECRET_KEYS.toSorted()).toEqual([
      'MAD_TOKENS',
      'OPENAI_API_KEY',
      'OTEL_EXPORTER_OTLP_HEADERS',
      'OTEL_EXPORTER_OTLP_TRACES_HEADERS',
      'REDIS_PASSWORD',
    ]);
  });

  test('say where the callers are re-read from', () => {
    const config = loadConfig({ MAD_TOKENS_FILE: '/run/secrets/redis' }, file);
    expect(config).toMatchObject({ MAD_TOKENS_FILE: '/run/secrets/redis', MAD_TOKENS: 'from-the-file' });
  });
});
