// What a new edition of a document changes for users of this library: two editions in, a list of changes out. Pure.
import type { GatewayConfig } from '../gateways.js';
import { type JsonObject, sameJson } from '../spec/json.js';
import { type Change, type ChangeClass, CLASSES, type Fact, grouped } from './change.js';
import { type Edition, editionOf } from './edition.js';
import { endpointFacts } from './endpoints.js';
import { modelFacts } from './models.js';
import { movedEndpoints, renamedModels, withMovedEndpoints, withRenamedModels } from './moves.js';
import { textFacts } from './texts.js';
import { code } from './words.js';

/** One side of the comparison. */
export interface Side {
  document: JsonObject;
  /** The vendor's model index beside it. It counts only where both sides have one. */
  index?: JsonObject | undefined;
  /** "Breaking changes since" of the entry page; undefined where nobody noted it, null where the page has no date. */
  breakingChangesSince?: string | null | undefined;
}

export interface Diff {
  gateway: string;
  before: { version: string; breakingChangesSince: string | null | undefined };
  after: { version: string; breakingChangesSince: string | null | undefined };
  /** Whether the vendor's date is known on both sides and is another one now. */
  dateMoved: boolean;
  /** The gravest class; undefined where nothing changed at all. */
  verdict: ChangeClass | undefined;
  /** Gravest first. */
  changes: readonly Change[];
}

export function diffDocuments(before: Side, after: Side, gateway: GatewayConfig): Diff {
  const useIndex = before.index !== undefined && after.index !== undefined;
  const edition = ({ document, index, breakingChangesSince }: Side): DatedEdition => ({
    ...editionOf(document, gateway, useIndex ? index : undefined),
    breakingChangesSince,
  });
  return diffEditions(edition(before), edition(after), gateway.name);
}

export interface DatedEdition extends Edition {
  breakingChangesSince?: Side['breakingChangesSince'];
}

export function diffEditions(was: DatedEdition, is: DatedEdition, gateway: string): Diff {
  const [wasSince, isSince] = [was.breakingChangesSince, is.breakingChangesSince];
  const dateMoved = wasSince !== undefined && isSince !== undefined && wasSince !== isSince;
  const facts = [...(dateMoved ? dateFact(wasSince, isSince) : []), ...factsOf(was, is)];
  const changes = grouped(facts, is.endpoints.size);
  return {
    gateway,
    before: { version: plain(was.version), breakingChangesSince: wasSince },
    after: { version: plain(is.version), breakingChangesSince: isSince },
    dateMoved,
    verdict: CLASSES.find((kind) => changes.some((change) => change.class === kind)),
    changes,
  };
}

/** A version goes into titles and branches, and is the vendor's word. */
const plain = (version: string): string => version.replaceAll(/[^\w.+-]+/g, '_');

function factsOf(was: Edition, is: Edition): Fact[] {
  // Texts and meaning alike are in the document: where it is the same, so is all.
  if (
    JSON.stringify(was.document) === JSON.stringify(is.document) &&
    sameJson([...was.models.keys()], [...is.models.keys()])
  ) {
    return [];
  }
  const moved = movedEndpoints(was, is);
  const there = withMovedEndpoints(was, moved);
  const renamed = renamedModels(there, is);
  const side = withRenamedModels(there, renamed);
  const facts = [...serverFacts(was, is), ...modelFacts(side, is, renamed), ...endpointFacts(side, is, moved)];
  for (const key of new Set([...Object.keys(was.unread), ...Object.keys(is.unread)])) {
    if (sameJson(was.unread[key], is.unread[key])) continue;
    facts.push({
      class: 'breaking',
      area: 'endpoint',
      what: `the document could not be compared: ${code(key)} changed`,
    });
  }
  const isSilent = facts.every((fact) => fact.class === 'cosmetic');
  return [...facts, ...textFacts(was.document, is.document, moved, isSilent)];
}

/** The vendor's own word that something breaks; what it is, the document may not show. */
function dateFact(was: string | null, is: string | null): Fact[] {
  const what =
    is === null
      ? `the entry page names no date of breaking changes any more (was ${was})`
      : `the vendor says: breaking changes since ${is} (was ${was ?? 'no date'})`;
  return [{ class: is === null ? 'additive' : 'breaking', area: 'date', what }];
}

function serverFacts({ servers: was }: Edition, { servers: is }: Edition): Fact[] {
  const facts: Fact[] = [];
  const note = (kind: ChangeClass, what: string): void => {
    facts.push({ class: kind, area: 'server', what });
  };
  for (const url of was) if (!is.includes(url)) note('breaking', `server ${code(url)} is gone`);
  for (const url of is) if (!was.includes(url)) note('additive', `server ${code(url)} is new`);
  const [first, formerly] = [is[0], was[0]];
  if (facts.length === 0 && first !== undefined && first !== formerly)
    note('additive', `server ${code(first)} comes first now`);
  return facts;
}
