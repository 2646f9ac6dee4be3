/** Hands frames on in the order in which their places were taken, whichever is ready first. */
export interface OrderedReplies {
  /** Takes the next place; the frame is given later, once. */
  take(): (frame: string) => void;
  /** Places whose frame was not handed on yet. */
  readonly size: number;
}

export function orderedReplies(send: (frame: string) => void): OrderedReplies {
  const places: { frame: string | null }[] = [];
  return {
    get size() {
      return places.length;
    },
    take() {
      const place: { frame: string | null } = { frame: null };
      places.push(place);
      return (frame) => {
        place.frame = frame;
        for (let head = places[0]; head !== undefined && head.frame !== null; head = places[0]) {
          places.shift();
          send(head.frame);
        }
      };
    },
  };
}
