// What words say about whether a task was taken: told by all gateways alike, and doubted rather than believed.

/** Words of acceptance, and of somebody who speaks of a result to come: under them a task may exist. */
export const SPEAKS_OF_TAKING =
  /(?<!not[ _-])succe|accept|submitted|received|created|scheduled|started|enqueued|(?:is|was|been|task) queued|^ ?queued|add(?:ed)? to\b.{0,20}queue|in (?:the )?queue|queue position|wait(?:ing)?[ -]?list|will be|wait for (?:your|the)\b|processing|generating|running|in progress|pending|\byet\b|results?\b|duplicate|already|成功|已(?!饱和|满|达|超)|处理中|正在|加入队列|排队(?!.{0,4}满)|查询|查看|结果|重复/i;

/** Words of a gateway that had no room for a task … */
export const SPEAKS_OF_NO_ROOM =
  /(?<!\bnot )\bfull\b(?! ?hd)|busy|overload|too many requests|rate limit|(?:limit|capacity) (?:reached|exceeded)|繁忙|饱和|已满|限流/i;

/** Words of somebody who waited in vain for a gateway that is at work, or whose connection to it broke. */
export const LOST_TOUCH =
  /time(?:d)?[ _-]?out|deadline[ _]exceeded|econnreset|超时|reset by peer|\bEOF\b|broken pipe|connection (?:reset|closed|lost|aborted)|read_response_body_failed/i;
