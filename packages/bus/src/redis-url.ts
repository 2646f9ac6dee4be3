/**
 * The address with the password that is to be used: one given apart wins over one in the URL.
 *
 * @throws TypeError where it is no address of a Redis; without the address, which may hold a secret
 */
export function redisUrl(url: string, password?: string): string {
  if (!/^rediss?:\/\/./.test(url) || !URL.canParse(url)) {
    throw new TypeError('REDIS_URL must be an address like redis://host:6379, or rediss:// for TLS.');
  }
  if (password === undefined || password === '') return url;
  const parsed = new URL(url);
  // The setter escapes what a URL cannot hold, but leaves a `%` that is meant as itself.
  parsed.password = encodeURIComponent(password);
  return parsed.href;
}
