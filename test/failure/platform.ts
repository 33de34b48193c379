// The dispatcher beneath the platform's fetch, replaced for one test: its timeouts shortened, each dispatch watched.

import type { LookupFunction } from 'node:net';

/** Where undici, which is Node's fetch, keeps the dispatcher that all of its requests go through. */
const GLOBAL_DISPATCHER = Symbol.for('undici.globalDispatcher.1');

/** The options of undici's Agent that tests need. Times in milliseconds. */
export interface AgentOptions {
  headersTimeout?: number;
  bodyTimeout?: number;
  connect?: {
    timeout?: number;
    ca?: string;
    lookup?: LookupFunction;
    maxVersion?: 'TLSv1.2';
    autoSelectFamilyAttemptTimeout?: number;
  };
}

interface Dispatch {
  method: string;
  headers?: object | null;
}

interface Agent {
  dispatch(options: Dispatch, handler: unknown): boolean;
  destroy(): Promise<void>;
}

export interface Platform {
  /** The trace ids of the POSTs that fetch handed down, in order. Node's fetch may do so more than once per call. */
  dispatched: string[];
  /** Called when fetch has handed a POST down, before anything is done with it. */
  onDispatch: (() => void) | undefined;
  /** Puts the platform's own dispatcher back; ends all connections of this one. */
  restore(): Promise<void>;
}

/** Puts a new Agent of the platform's own class beneath its fetch. */
export async function platformWith(options: AgentOptions): Promise<Platform> {
  // The dispatcher is there after the first use of fetch; a data URL needs none.
  await fetch('data:,');
  const original: unknown = Reflect.get(globalThis, GLOBAL_DISPATCHER);
  const AgentClass = agentClassOf(original);
  const agent = new AgentClass(options);
  const platform: Platform = {
    dispatched: [],
    onDispatch: undefined,
    restore: async () => {
      Reflect.set(globalThis, GLOBAL_DISPATCHER, original);
      await agent.destroy();
    },
  };
  const dispatch = agent.dispatch.bind(agent);
  agent.dispatch = (request, handler) => {
    if (request.method === 'POST') {
      platform.dispatched.push(headerOf(request.headers, 'x-trace-id'));
      platform.onDispatch?.();
    }
    return dispatch(request, handler);
  };
  Reflect.set(globalThis, GLOBAL_DISPATCHER, agent);
  return platform;
}

type AgentClass = new (options: AgentOptions) => Agent;

function agentClassOf(dispatcher: unknown): AgentClass {
  const found = typeof dispatcher === 'object' && dispatcher !== null ? dispatcher.constructor : undefined;
  if (!isAgentClass(found)) throw new Error('the platform keeps its dispatcher elsewhere');
  return found;
}

function isAgentClass(value: unknown): value is AgentClass {
  return typeof value === 'function' && value.name === 'Agent';
}

function headerOf(headers: object | null | undefined, name: string): string {
  const found = Object.entries(headers ?? {}).find(([key]) => key.toLowerCase() === name);
  return String(found?.[1] ?? '(none)');
}
