// Adds to package-lock.json the optional packages of other platforms that it lacks. A registry
// mirror that does not carry them makes `npm install` leave them out, and then `npm ci` refuses
// the lockfile, here and everywhere. Run after `npm install` changed the lockfile.
//   node scripts/complete-lockfile.mjs [package-lock.json]
import { readFileSync, writeFileSync } from 'node:fs';

const path = process.argv[2] ?? 'package-lock.json';
const lock = JSON.parse(readFileSync(path, 'utf8'));
const PLATFORM =
  /(android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32|aix)[-_]?(arm64|arm|x64|ia32|ppc64|s390x|riscv64|loong64|mips64el)(?:-(?:gnu|musl|msvc|eabi|gnueabihf|musleabihf|eabihf))?$/;

let added = 0;
for (const [place, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key] || lock.packages[`${place}/${key}`]) continue;
    const platform = PLATFORM.exec(name);
    if (!platform || !/^\d+\.\d+\.\d+/.test(version)) {
      throw new Error(
        `${place}: ${name}@${version} is not in the lockfile, and its platform is not in its name`,
      );
    }
    lock.packages[key] = {
      version,
      cpu: [platform[2]],
      ...(entry.dev ? { dev: true } : {}),
      optional: true,
      os: [platform[1]],
    };
    added += 1;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} packages of other platforms added to ${path}`);
