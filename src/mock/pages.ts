// What others say in the gateway's place: the page of something in between, and a store's word on a URL that is over.

export const HTML_TYPE = 'text/html; charset=utf-8';
export const PAGE =
  '<!DOCTYPE html><html><head><title>One moment</title></head><body><h1>One moment</h1></body></html>';

export const XML_TYPE = 'application/xml';
export const EXPIRED =
  '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Request has expired.</Message></Error>';

/** An object store's word on a URL that is no file's, such as one that was cut. */
export const NO_SUCH_KEY =
  '<?xml version="1.0" encoding="UTF-8"?><Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>';
