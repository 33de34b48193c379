// What a refusal of the library means for money: an asset or a group that is gone, an upload that surely was not taken.

import { LOST_TOUCH, SPEAKS_OF_NO_ROOM, SPEAKS_OF_TAKING } from '../../tasks/index.js';
import { ImaRouterError, type Refusal, valueAt } from '../../transport/index.js';
import { verdictOn } from './verdict.js';

/** The gateway's own refusals of this family: all come with 200, and the document shows a 400 too (field-notes A1). */
const OWN_STATUSES: readonly unknown[] = [200, 400];

/** Stands for the id that was asked for. */
const THE_ID = '§';

/** An asset that is gone. Nothing but its own id may stand between: "asset group not found" tells of something else. */
const GONE = new RegExp(
  `\\bAssetNotFound\\b|\\basset(?: id)?(?:[ :]+["'\`]?${THE_ID}["'\`]?)? (?:is |was )?(?:not found|does not exist|doesn't exist)`,
  'i',
);

/** What else may be missing, so that an asset is not found though it is there. */
const OF_SOMETHING_ELSE = /group|channel|model|service|feature/i;

/**
 * Whether the gateway itself says that it does not have the asset `id`. A foreign 404 (a wrong path, a proxy, a route that
 * is gone) says nothing of an asset, and any other trouble is trouble: neither is a reason to buy again.
 */
export function saysGone(error: unknown, id: string): boolean {
  if (!ImaRouterError.is(error) || !OWN_STATUSES.includes(error.status)) return false;
  if (valueAt(error.body, ['success']) !== false) return false;
  const named = id.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const words = error.message.replace(new RegExp(`(?<![\\w-])${named}(?![\\w-])`, 'g'), THE_ID);
  return GONE.test(words) && !OF_SOMETHING_ELSE.test(words);
}

/** A group that is gone, in the words of the gateway and of what stands behind it. */
const GROUP_GONE = /GroupNotFound|\bgroup (?:is )?(?:not found|does not exist)/i;

/** Whether an upload was refused, unpaid, because its group is not there. */
export function saysGroupGone(error: unknown): boolean {
  return ImaRouterError.is(error) && !error.mayBeBilled && GROUP_GONE.test(error.message);
}

/** The gateway's call to what stands behind it has failed: in its own words for that, or in those of its HTTP library. */
const BEHIND = /\basset request failed\b|\b(?:post|do) "?https?:|\bdo[ _]request[ _]failed/i;

/** Words of somebody who had no answer, or none that he could read: beside those that all gateways have. */
const NO_ANSWER =
  /context cancell?ed|\b(?:time|read) limit|GOAWAY|\bclosed\b.{0,20}\bconnection|stream error|malformed http|invalid character|unmarshal|end of json|response body|read(?:ing)? (?:the )?response|bad gateway|internal ?(?:service ?|server ?)?error|\b(?:http|status(?:[ _]?code)?|code)[ =:]{1,3}5\d\d\b/i;

/** Words of somebody who has the asset, and some trouble after that. */
const AFTER_TAKING =
  /\b(?:created|uploaded)\b|\b(?:fail(?:ed|ure)?|unable|error)\b.{0,20}\b(?:sav|stor(?:e\b|ing)|persist|insert|record)|\bsav(?:e|ing) (?:asset|failed|error)|\bdatabase\b|\bsql\b|数据库|保存|入库|已(?:创建|上传)/i;

/** What is said before anything is taken: of the request, the group, a limit, an account, a host that nobody reached. */
const BEFORE_TAKING =
  /InvalidParameter|MissingParameter|GroupNotFound|\bgroup\b.{0,80}\bnot (?:found|available)|for your group|quota|LimitExceeded|exceed.{0,40}\blimit|\blimit (?:is )?(?:exceeded|reached)|\bbalance\b|overdue|AccessDenied|unauthori[sz]ed|connection refused|no such host/i;

/** Kinds of trouble that are about a request and an account, and come before any work. */
const ABOUT_REQUEST: readonly string[] = ['input', 'moderation', 'balance'];

/**
 * A refusal of an upload as far as it is to be believed; null where the asset may be there, and charged. What comes from
 * behind the gateway is believed only where it tells what comes before any taking, and is never sent again by itself:
 * "service unavailable" there may be said of the answer, after the work.
 */
export function believed(refusal: Refusal): Refusal | null {
  const { kind, message, gatewayCode = '' } = refusal;
  const words = `${gatewayCode} ${message}`;
  if ([LOST_TOUCH, NO_ANSWER, AFTER_TAKING].some((pattern) => pattern.test(words))) return null;
  const isAboutRequest = ABOUT_REQUEST.includes(verdictOn(words).kind);
  if (!BEHIND.test(words)) {
    if (kind === 'busy') return SPEAKS_OF_NO_ROOM.test(words) ? refusal : null;
    return kind === 'invalid' && !isAboutRequest && SPEAKS_OF_TAKING.test(words) ? null : refusal;
  }
  if (!isAboutRequest && !BEFORE_TAKING.test(words)) return null;
  // The account that is spoken of there is the gateway's own.
  if (kind === 'balance' || kind === 'authentication' || kind === 'permission') {
    return { ...refusal, kind: 'upstream-refused' };
  }
  return kind === 'busy' || kind === 'server' ? { ...refusal, kind: 'declined' } : refusal;
}
