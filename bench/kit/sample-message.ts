import { createEnvelope, type Envelope } from '@mad-group/protocol';

/** Envelopes as agents send them: a few words in the payload, some 400 bytes as JSON. */
export const sampleMessages = (count: number, channel = 'mad.topic.bench'): Envelope[] =>
  Array.from({ length: count }, (_, index) =>
    createEnvelope({
      channel,
      senderId: `sender-${index % 20}`,
      payload: { kind: 'report', number: index, text: 'The build is green and the docs are up to date.' },
    }),
  );
