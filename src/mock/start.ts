// How a mock is put together: the document, the tasks, the faults and the ledger of one gateway behind one port.

import { readFile } from 'node:fs/promises';
import { Chaos, type ChaosOptions } from './chaos.js';
import { Desk } from './desk.js';
import { type Fault, Faults } from './faults.js';
import type { MockGateway } from './gateway.js';
import { at, isObject } from './json.js';
import { Ledger } from './ledger.js';
import { MAX_MEDIA_BYTES, MediaShelf } from './media.js';
import { Oracle } from './oracle.js';
import { Results } from './results.js';
import { MockServer } from './server.js';
import { ServiceDesk } from './services.js';
import { Tasks } from './tasks.js';
import { tryItAt } from './try-it.js';

export interface StartOptions {
  /** Port to listen on; 0 (default) takes any free one. */
  port?: number;
  /** Address to listen on. Default 127.0.0.1. */
  host?: string;
  /** Ids, durations and progress follow from it. Default: chance, readable as `mock.seed`. */
  seed?: number;
  /**
   * Time factor: 1 (default) = as slow as the real gateway (a video takes about 100 s), 100 = a hundred times faster. The
   * pauses in a stream are shorter by it too, in real time whatever the clock says.
   */
  speed?: number;
  /** Faults that are set from the start. */
  faults?: Fault[];
  /** A seeded bad day: that share of all exchanges goes wrong. Scripted faults go first. */
  chaos?: ChaosOptions;
  /** Smaller result files are padded to at least that many bytes, up to 2 GiB. They still decode. Default 0. */
  mediaBytes?: number;
  /** How a task ends, or the review of an asset (`path` is that of its upload). Default: it succeeds. */
  outcome?: (submit: { path: string; model: string; body: unknown }) => 'succeeded' | 'failed';
  /** Milliseconds since 1970, by which tasks age. Default `Date.now`. */
  clock?: () => number;
  /** How the fields of asset answers are spelled: `pascal` (default) as in the document, or `snake`, seen in the wild. */
  assetKeys?: 'pascal' | 'snake';
  /** Most assets that a key may have. Default: as many as with the gateway. */
  maxAssets?: number;
  /** Another edition of the gateway's OpenAPI document, as JSON: a `file:` URL. */
  document?: URL;
}

export interface Mock extends AsyncDisposable {
  /** `http://host:port`, without a slash at the end. */
  readonly url: string;
  /** Which gateway it plays. */
  readonly gateway: string;
  /** How to try it by hand: two lines for a shell, and what its keys do. */
  readonly tryIt: string;
  /**
   * A key that the mock accepts; so is any other, except `sk-expired` (401) and `sk-empty` (no balance). `sk-domestic` may
   * not use the overseas channel of ima-router's assets. Every key has tasks, assets and a balance of its own.
   */
  readonly apiKey: string;
  readonly seed: number;
  readonly ledger: Ledger;
  /** Answers of the mock that its own OpenAPI document would refuse: always empty, unless the mock is wrong. */
  readonly deviations: readonly string[];
  /** Sets a fault; it counts exchanges from now on. */
  fault(fault: Fault): void;
  /**
   * Loses a group of assets with all that is in it, or one asset, behind its owner's back, so that ids dangle.
   *
   * @throws RangeError if there is no such group or asset.
   */
  forget(id: string): void;
  /** Ends at once: cuts all connections, hanging ones too. */
  close(): Promise<void>;
}

const API_KEY = 'sk-mock';

/** Starts a mock of any gateway that somebody has described as data. */
export async function startGateway(gateway: MockGateway, options: StartOptions = {}): Promise<Mock> {
  const {
    port = 0,
    host = '127.0.0.1',
    speed = 1,
    clock = Date.now,
    outcome = () => 'succeeded',
    mediaBytes = 0,
  } = options;
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 31);
  if (!(speed > 0)) throw new RangeError(`speed must be greater than 0, got ${speed}`);
  if (!(Number.isInteger(mediaBytes) && mediaBytes >= 0 && mediaBytes <= MAX_MEDIA_BYTES)) {
    throw new RangeError(`mediaBytes is a whole number from 0 to ${MAX_MEDIA_BYTES}, got ${mediaBytes}`);
  }
  const { assetKeys = 'pascal', maxAssets } = options;
  if (assetKeys !== 'pascal' && assetKeys !== 'snake') {
    throw new RangeError(`assetKeys is 'pascal' or 'snake', got '${String(assetKeys)}'`);
  }
  if (maxAssets !== undefined && !(Number.isInteger(maxAssets) && maxAssets >= 0)) {
    throw new RangeError(`maxAssets is a whole number from 0, got ${maxAssets}`);
  }
  const faults = new Faults(options.faults);
  const { troubles } = gateway;
  const chaos = options.chaos && new Chaos(options.chaos, { troubles, speed, seed });
  const ledger = new Ledger();
  const document = await readDocument(options.document ?? gateway.document);
  const [oracle, shelf] = await Promise.all([Oracle.open(document, gateway.modelField), MediaShelf.load(mediaBytes)]);
  const life = { seed, speed, clock, outcome };
  const services = new ServiceDesk(gateway.services ?? {}, { ...life, assetKeys, maxAssets });
  const tasks = new Tasks(gateway, {
    ...life,
    standstill: chaos && ((id) => chaos.standstill(id)),
  });
  const desk = new Desk(gateway, oracle, tasks, new Results(shelf), services);
  const server = new MockServer({ gateway, desk, basePath: basePathOf(document), faults, chaos, ledger, clock });
  const url = await server.listen(port, host);
  return {
    url,
    gateway: gateway.name,
    tryIt: tryItAt(url, gateway, API_KEY),
    apiKey: API_KEY,
    seed,
    ledger,
    deviations: desk.deviations,
    fault: (fault) => faults.add(fault),
    forget: (id) => {
      if (services.library?.forget(id) !== true) throw new RangeError(`The mock has no group and no asset ${id}`);
    },
    close: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

async function readDocument(url: URL): Promise<object> {
  const hint = `The mock gateway needs its OpenAPI document at ${url.pathname}`;
  const text = await readFile(url, 'utf8').catch((cause: unknown) => {
    throw new Error(`${hint}, which cannot be read. In a checkout, run: npm run generate`, { cause });
  });
  const document: unknown = JSON.parse(text);
  if (!isObject(document)) throw new Error(`${hint}, and found something else there.`);
  return document;
}

/** The path that all of the document's paths stand below at the real gateway, '' for none. */
function basePathOf(document: object): string {
  const servers = at(document, 'servers');
  const url = at(Array.isArray(servers) ? servers[0] : undefined, 'url');
  // A relative one is allowed.
  const base = 'http://localhost';
  return typeof url === 'string' && URL.canParse(url, base) ? new URL(url, base).pathname.replace(/\/+$/, '') : '';
}
