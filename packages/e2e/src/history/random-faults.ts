import type { Clock, Random } from "@understudy/kernel";
import type { TcpProxy } from "@understudy/sandbox";

/** What {@link breakAtRandom} needs. */
export interface FaultsOptions {
  readonly proxies: ReadonlyMap<string, TcpProxy>;
  readonly random: Random;
  readonly clock: Clock;
  /** Between one fault and the next, at most. */
  readonly pauseMsMax: number;
}

const HOLD_MS_MAX = 250;
const DELAY_MS_MAX = 30;
const CUT_AFTER_BYTES_MAX = 600;

/** Breaks one connection or way after another, chosen at random, until the signal aborts; heals everything at the end. */
export async function breakAtRandom(options: FaultsOptions, signal: AbortSignal): Promise<void> {
  const { random, clock } = options;
  const proxies = [...options.proxies.values()];
  try {
    for (;;) {
      await clock.sleep(1 + random() * options.pauseMsMax, signal);
      const proxy = proxies[Math.floor(random() * proxies.length)];
      if (proxy) await breakOnce(proxy, { random, clock, signal });
    }
  } finally {
    for (const proxy of proxies) {
      proxy.cancelCut();
      proxy.thaw();
      proxy.delay(0);
      await proxy.accept();
    }
  }
}

async function breakOnce(
  proxy: TcpProxy,
  { random, clock, signal }: { readonly random: Random; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const chance = random();
  const direction = random() < 0.5 ? "toTarget" : "toClient";
  const holdMs = random() * HOLD_MS_MAX;
  if (chance < 0.3) proxy.cutOne();
  else if (chance < 0.45) proxy.cutAll();
  // half of the time it is just the answer that is lost
  else if (chance < 0.6) proxy.cutAfter(0, "toClient");
  else if (chance < 0.75) proxy.cutAfter(Math.floor(random() * CUT_AFTER_BYTES_MAX), direction);
  else if (chance < 0.85) {
    proxy.freeze(direction);
    await clock.sleep(holdMs, signal);
    if (random() < 0.5) proxy.cutAll();
    proxy.thaw();
  } else if (chance < 0.95) {
    // a slave behind, a slow client, a slow server, until it is drawn again
    proxy.delay(random() < 0.5 ? 0 : random() * DELAY_MS_MAX);
  } else {
    proxy.refuse();
    proxy.cutAll();
    await clock.sleep(holdMs, signal);
    await proxy.accept();
  }
}
