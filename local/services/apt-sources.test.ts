import assert from "node:assert/strict";
import { connectionOptions, findDebianMirror, parseAptSources } from "./apt-sources.ts";

Deno.test("a one-line source is read with its options, a source package and a comment are not", () => {
  const sources = parseAptSources(`
# deb http://commented.invalid/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.invalid/debian bookworm main contrib # ours
deb-src http://mirror.invalid/debian bookworm main
`);
  assert.deepEqual(sources, [
    { uri: "http://mirror.invalid/debian", suites: ["bookworm"], components: ["main", "contrib"] },
  ]);
});

Deno.test("a deb822 source is read stanza by stanza, a continued line belongs to its field", () => {
  const sources = parseAptSources(`Types: deb deb-src
# a comment in the middle
URIs: http://one.invalid/debian
  http://two.invalid/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb
Enabled: no
URIs: http://off.invalid/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://source.invalid/debian
Suites: bookworm
Components: main
`);
  assert.deepEqual(sources.map(({ uri }) => uri), [
    "http://one.invalid/debian",
    "http://two.invalid/debian",
  ]);
  assert.deepEqual(sources[0]!.suites, ["bookworm", "bookworm-updates"]);
});

Deno.test("the mirror is the one of the release itself, not of its security suite or of another product", () => {
  const sources = parseAptSources(`
deb http://tools.invalid/apt nodistro main
deb http://security.invalid/debian-security bookworm-security main
deb http://mirror.invalid/debian bookworm main
`);
  assert.equal(findDebianMirror(sources, "bookworm"), "http://mirror.invalid/debian");
});

Deno.test("a machine whose sources are not Debian's has no Debian mirror", () => {
  const sources = parseAptSources("deb http://archive.invalid/ubuntu noble main universe");
  assert.equal(findDebianMirror(sources, "noble-is-not-debian"), null);
});

Deno.test("proxy, certificate and date options are kept, empty and unrelated ones are not", () => {
  const kept = connectionOptions(`Acquire "";
Acquire::http::Proxy "http://proxy.invalid:3128";
Acquire::https::Proxy "";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::https::mirror.invalid::CaInfo "/etc/ca.pem";
APT::Architecture "amd64";`);
  assert.deepEqual(kept, [
    'Acquire::http::Proxy "http://proxy.invalid:3128";',
    'Acquire::Check-Valid-Until "false";',
    'Acquire::https::mirror.invalid::CaInfo "/etc/ca.pem";',
  ]);
});
