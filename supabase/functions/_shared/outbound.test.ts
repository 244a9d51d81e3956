import { assertDeepEquals, assertEquals, assertRefused } from "./asserts.ts";
import { checkEndpoint, isPublicAddress, type Resolve } from "./outbound.ts";

const names: Record<string, Partial<Record<"A" | "AAAA", string[]>>> = {
  "agent.example.com": { A: ["93.184.215.14"], AAAA: ["2606:2800:21f:cb07:6820:80da:af6b:8b2c"] },
  "loopback.example.com": { A: ["127.0.0.1"] },
  "half.example.com": { A: ["93.184.215.14", "10.0.0.1"] },
  "six.example.com": { A: ["93.184.215.14"], AAAA: ["::ffff:10.0.0.1"] },
};
const resolve: Resolve = (name, kind) => Promise.resolve(names[name]?.[kind] ?? []);
const circumstances = { namespace: "acme", gateway: "http://ingress.example:8080", resolve };

Deno.test("a public https name is reached directly", async () => {
  const { url, headers } = await checkEndpoint("https://agent.example.com/chat?a=1", circumstances);
  assertEquals(url.href, "https://agent.example.com/chat?a=1");
  assertDeepEquals(headers, {});
});

Deno.test("an agent in the workspace's namespace is reached through the ingress", async () => {
  for (
    const [endpoint, path, host] of [
      ["http://crm.acme.svc.cluster.local/chat?a=1", "/chat?a=1", "crm.acme.svc.cluster.local"],
      ["http://crm.acme.svc.cluster.local:8080/", "/", "crm.acme.svc.cluster.local:8080"],
      ["http://a.b.acme.svc.cluster.local", "/", "a.b.acme.svc.cluster.local"],
    ] as const
  ) {
    const { url, headers } = await checkEndpoint(endpoint, circumstances);
    assertEquals(url.href, `http://ingress.example:8080${path}`);
    assertDeepEquals(headers, { "x-forwarded-host": host });
  }
});

Deno.test("without an ingress the cluster is unreachable", async () => {
  const endpoint = "http://crm.acme.svc.cluster.local/";
  const alone = { ...circumstances, gateway: null };
  await assertRefused(() => checkEndpoint(endpoint, alone), 502, "endpoint_unreachable");
});

for (
  const endpoint of [
    "http://agent.example.com/",
    "ftp://agent.example.com/",
    "file:///etc/passwd",
    "agent.example.com",
    "https://user:secret@agent.example.com/",
    "http://crm.other.svc.cluster.local/",
    "http://crm.acme.svc.cluster.local.evil.example/",
    "http://acme.svc.cluster.local/",
    "http://svc.cluster.local/",
    "https://localhost/",
    "https://LOCALHOST./",
    "https://api.localhost/",
    "https://metadata.google.internal/",
    "https://kubernetes.default.svc/",
    "https://intranet/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://0/",
    "https://10.1.2.3/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://172.31.255.255/",
    "https://192.168.1.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[64:ff9b::10.0.0.1]/",
    "https://[64:ff9b:1::1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:7f00:1::]/",
    "https://[fe80::1]/",
    "https://[fd00::1]/",
    "https://[ff02::1]/",
    "https://loopback.example.com/",
    "https://half.example.com/",
    "https://six.example.com/",
  ]
) {
  Deno.test(`${endpoint} is refused`, async () => {
    await assertRefused(() => checkEndpoint(endpoint, circumstances), 422, "endpoint_not_allowed");
  });
}

Deno.test("a name without an address, or a resolver that fails, is unreachable", async () => {
  const nothing = () => checkEndpoint("https://nothing.example.com/", circumstances);
  await assertRefused(nothing, 502, "endpoint_unreachable");
  const failing = { ...circumstances, resolve: () => Promise.reject(new Error("SERVFAIL")) };
  const failed = () => checkEndpoint("https://agent.example.com/", failing);
  await assertRefused(failed, 502, "endpoint_unreachable");
});

Deno.test("neighbours of closed ranges are public", () => {
  for (
    const address of [
      "1.1.1.1",
      "9.255.255.255",
      "11.0.0.0",
      "100.63.255.255",
      "100.128.0.0",
      "126.255.255.255",
      "128.0.0.0",
      "169.253.0.1",
      "172.15.255.255",
      "172.32.0.0",
      "192.167.0.1",
      "192.169.0.1",
      "198.17.0.1",
      "198.20.0.1",
      "223.255.255.255",
      "2606:4700::1111",
      "2001:4860:4860::8888",
      "2001:200::1",
    ]
  ) assertEquals(isPublicAddress(address), true, address);
});
