import type { Readable } from "node:stream";
import { DeadlinePassed, orAbort } from "@understudy/kernel";
import { createReloadingConnector, type TlsSource } from "@understudy/tls";
import { Client, Pool, type Dispatcher } from "undici";
import { connectionFailure, EtcdFailure } from "./etcd-failure.ts";

/** One POST to the gateway. */
export interface GatewayPost {
  readonly path: string;
  readonly body: string;
  readonly token: string | null;
}

/** An answer of any status, read whole. */
export interface GatewayAnswer {
  readonly status: number;
  readonly text: string;
}

/** An answer that goes on; `close` must be called in the end. */
export interface GatewayStream {
  readonly status: number;
  readonly body: AsyncIterable<Uint8Array>;
  readonly close: () => Promise<void>;
}

/** How an endpoint is reached and bounded. */
export interface EtcdEndpointOptions {
  readonly url: string;
  readonly tls: TlsSource | undefined;
  readonly connectTimeoutMs: number;
  readonly answerBytesMax: number;
}

/** Kept-alive connections to one member, and others of their own for streams. */
export class EtcdEndpoint {
  readonly url: string;
  readonly #pool: Pool;
  readonly #openFresh: () => Client;
  readonly #answerBytesMax: number;

  constructor({ url, tls, connectTimeoutMs, answerBytesMax }: EtcdEndpointOptions) {
    this.url = url;
    const { origin } = new URL(url);
    const connect = createReloadingConnector({ tls, timeoutMs: connectTimeoutMs });
    const bounds = { connect, pipelining: 1, allowH2: false };
    this.#pool = new Pool(origin, { ...bounds, connections: 16 });
    this.#openFresh = () => new Client(origin, bounds);
    this.#answerBytesMax = answerBytesMax;
  }

  /** Rejects with the signal's reason, or an {@link EtcdFailure} that knows whether the request had begun to be sent. */
  async post(post: GatewayPost, signal: AbortSignal): Promise<GatewayAnswer> {
    return await this.#exchange(this.#pool, { post, signal }, async (answer) => ({
      status: answer.statusCode,
      text: await collect(answer.body, this.#answerBytesMax),
    }));
  }

  /** Resolves when the answer begins, over a connection of its own. Rejects as `post` does; `signal` ends the stream as well. */
  async open(post: GatewayPost, signal: AbortSignal): Promise<GatewayStream> {
    const client = this.#openFresh();
    const close = async (): Promise<void> => client.destroy();
    try {
      return await this.#exchange(client, { post, signal }, async (answer) => {
        answer.body.on("error", () => undefined);
        return { status: answer.statusCode, body: answer.body, close };
      });
    } catch (error) {
      await close();
      throw error;
    }
  }

  async #exchange<T>(
    dispatcher: Dispatcher,
    { post, signal }: { readonly post: GatewayPost; readonly signal: AbortSignal },
    use: (answer: Dispatcher.ResponseData) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    let isSent = false;
    const noting = dispatcher.compose(notingStart(() => (isSent = true)));
    try {
      const request = {
        method: "POST",
        path: post.path,
        headers: headersOf(post),
        body: post.body,
        signal,
      } as const;
      // undici tells of an abort only once the request has its socket: whoever waits for one must not wait for that
      const answer = noting.request({ ...request, headersTimeout: 0, bodyTimeout: 0 });
      return await use(await orAbort(answer, signal));
    } catch (error) {
      if (!signal.aborted)
        throw connectionFailure(error, { isUndone: !isSent, isTls: this.url.startsWith("https:") });
      const reason: unknown = signal.reason;
      if (!(reason instanceof DeadlinePassed)) throw reason;
      const text = isSent ? "gives no answer in time" : "could not be connected to in time";
      throw new EtcdFailure(text, { kind: "unreachable", isUndone: !isSent, cause: reason });
    }
  }

  /** Cuts what is under way. */
  async destroy(): Promise<void> {
    await this.#pool.destroy();
  }
}

function headersOf({ token }: GatewayPost): Record<string, string> {
  return {
    "content-type": "application/json",
    // The gateway hands it on as gRPC metadata: a member without a leader then answers so at once, and ends its watches.
    "grpc-metadata-hasleader": "true",
    ...(token === null ? {} : { authorization: token }),
  };
}

/** Only a handler hears when a request gets its socket: before that it surely did not happen, after that it may have. */
function notingStart(note: () => void): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch(options, {
      onRequestStart: (controller, context) => {
        note();
        handler.onRequestStart?.(controller, context);
      },
      onRequestUpgrade: (...event) => handler.onRequestUpgrade?.(...event),
      onResponseStart: (...event) => handler.onResponseStart?.(...event),
      onResponseData: (...event) => handler.onResponseData?.(...event),
      onResponseEnd: (...event) => handler.onResponseEnd?.(...event),
      onResponseError: (...event) => handler.onResponseError?.(...event),
    });
}

async function collect(body: Readable, bytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > bytesMax) {
      throw new EtcdFailure(`answers more than ${bytesMax} bytes`, { kind: "unreachable", isUndone: false });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes).toString("utf8");
}
