import { BlockList } from "node:net";
import fc from "fast-check";
import { assert, assertEquals } from "../asserts.ts";
import { parseAddress, refuseAddress } from "./address.ts";

/** Each refused address beside a neighbour that is not, from both ends of its block. */
const blocks: [what: string, refused: string[], allowed: string[]][] = [
  ["this network", ["0.0.0.0", "0.255.255.255"], ["1.0.0.0"]],
  ["private", ["10.0.0.0", "10.255.255.255"], ["9.255.255.255", "11.0.0.0"]],
  ["carrier-grade NAT", ["100.64.0.0", "100.127.255.255"], ["100.63.255.255", "100.128.0.0"]],
  ["loopback", ["127.0.0.1", "127.255.255.255"], ["126.255.255.255", "128.0.0.0"]],
  ["a cloud's own service", ["168.63.129.16"], ["168.63.129.15", "168.63.129.17"]],
  ["link-local", ["169.254.0.0", "169.254.169.254"], ["169.253.255.255", "169.255.0.0"]],
  ["private", ["172.16.0.0", "172.31.255.255"], ["172.15.255.255", "172.32.0.0"]],
  ["protocol assignments", ["192.0.0.0", "192.0.0.255"], ["191.255.255.255", "192.0.1.0"]],
  ["documentation", ["192.0.2.0", "192.0.2.255"], ["192.0.1.255", "192.0.3.0"]],
  ["6to4 relay", ["192.88.99.0", "192.88.99.255"], ["192.88.98.255", "192.88.100.0"]],
  ["private", ["192.168.0.0", "192.168.255.255"], ["192.167.255.255", "192.169.0.0"]],
  ["benchmarking", ["198.18.0.0", "198.19.255.255"], ["198.17.255.255", "198.20.0.0"]],
  ["documentation", ["198.51.100.0", "198.51.100.255"], ["198.51.99.255", "198.51.101.0"]],
  ["documentation", ["203.0.113.0", "203.0.113.255"], ["203.0.112.255", "203.0.114.0"]],
  ["multicast", ["224.0.0.0", "239.255.255.255"], ["223.255.255.255"]],
  ["reserved", ["240.0.0.0", "255.255.255.255"], []],
  ["not global unicast", ["::", "::1", "::ffff:0:0"], ["2000::"]],
  ["not global unicast", ["::ffff:127.0.0.1", "::ffff:1.1.1.1", "::ffff:7f00:1"], ["1.1.1.1"]],
  ["not global unicast", ["64:ff9b::10.0.0.1", "64:ff9b::1.1.1.1", "64:ff9b:1::1"], ["2606::1"]],
  ["not global unicast", ["100::", "1fff:ffff::", "4000::", "5f00::1"], ["3ffe::1"]],
  ["not global unicast", ["fc00::", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1"], []],
  ["protocol assignments", ["2001::", "2001:0:1::", "2001:1ff:ffff::"], ["2001:200::"]],
  ["documentation", ["2001:db8::", "2001:db8:ffff::"], ["2001:db7:ffff::", "2001:db9::"]],
  ["6to4", ["2002::", "2002:7f00:1::", "2002:ffff::"], ["2001:ffff::", "2003::"]],
  ["documentation", ["3fff::", "3fff:fff:ffff::"], ["3ffe:ffff::", "3fff:1000::"]],
];

for (const [what, refused, allowed] of blocks) {
  Deno.test(`${what}: ${refused[0]} and its like are refused, their neighbours are not`, () => {
    for (const address of refused) assertEquals(refuseAddress(address), what, address);
    for (const address of allowed) assertEquals(refuseAddress(address), null, address);
  });
}

Deno.test("what is no address is none", () => {
  for (
    const text of [
      "",
      "1",
      "1.1.1",
      "1.1.1.1.1",
      "1.1.1.256",
      "01.1.1.1",
      "0x1.1.1.1",
      " 1.1.1.1",
      "1.1.1.-1",
      "example.com",
      ":",
      ":::",
      "1::2::3",
      "2606:4700::12345",
      "2606:4700",
      "1:2:3:4:5:6:7:8:9",
      "1:2:3:4:5:6:7::8",
      "fe80::1%eth0",
      "[2606::1]",
      "2606::1.1.1",
      "1.1.1.1::",
    ]
  ) assertEquals(refuseAddress(text), "not an address", text);
});

/** The registry once more, in the runtime's own implementation. */
const list = new BlockList();
for (
  const [net, bits] of [
    ["0.0.0.0", 8],
    ["10.0.0.0", 8],
    ["100.64.0.0", 10],
    ["127.0.0.0", 8],
    ["168.63.129.16", 32],
    ["169.254.0.0", 16],
    ["172.16.0.0", 12],
    ["192.0.0.0", 24],
    ["192.0.2.0", 24],
    ["192.88.99.0", 24],
    ["192.168.0.0", 16],
    ["198.18.0.0", 15],
    ["198.51.100.0", 24],
    ["203.0.113.0", 24],
    ["224.0.0.0", 3],
  ] as const
) list.addSubnet(net, bits, "ipv4");

/** Half of them anywhere, half of them near the edge of a block, where mistakes are. */
const firsts = blocks.flatMap(([, refused]) => refused).map(parseAddress)
  .flatMap((address) => address?.bits === 32 ? [Number(address.value)] : []);
const ipv4 = fc.oneof(
  fc.nat(0xffffffff),
  fc.tuple(fc.constantFrom(...firsts), fc.integer({ min: -2, max: 2 }))
    .map(([first, step]) => (first + step + 2 ** 32) % 2 ** 32),
).map((value) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join("."));

const group = fc.nat(0xffff);
const ipv6 = fc.tuple(
  fc.oneof(group, fc.constantFrom(0x2000, 0x2001, 0x2002, 0x3fff, 0xfe80, 0x64, 0)),
  fc.oneof(group, fc.constantFrom(0, 0x1ff, 0x200, 0xdb8, 0xfff, 0x1000)),
  ...Array.from({ length: 6 }, () => fc.oneof(group, fc.constant(0))),
).map((groups) => groups as number[]);

/** fast-check prints the seed of a failure. */
const runs = { numRuns: 5000 };

Deno.test("random IPv4 addresses are judged as by the runtime's own block list", () => {
  fc.assert(
    fc.property(ipv4, (address) => {
      assertEquals(refuseAddress(address) !== null, list.check(address, "ipv4"), address);
    }),
    runs,
  );
});

Deno.test("random IPv6 addresses are global unicast or refused, however they are written", () => {
  fc.assert(
    fc.property(ipv6, (groups) => {
      const [first = 0, second = 0] = groups;
      const isPublic = first >= 0x2000 && first <= 0x3fff &&
        !(first === 0x2001 && (second <= 0x1ff || second === 0xdb8)) && first !== 0x2002 &&
        !(first === 0x3fff && second <= 0xfff);
      const long = groups.map((one) => one.toString(16).padStart(4, "0")).join(":");
      const short = new URL(`http://[${long}]/`).hostname.slice(1, -1);
      for (const text of [long, short, short.toUpperCase()]) {
        assertEquals(refuseAddress(text) === null, isPublic, text);
      }
    }),
    runs,
  );
});

Deno.test("no IPv4 address inside an IPv6 one is let through", () => {
  fc.assert(
    fc.property(ipv4, fc.constantFrom("::ffff:", "::", "64:ff9b::"), (address, prefix) => {
      assert(refuseAddress(prefix + address) !== null, prefix + address);
    }),
    runs,
  );
});
