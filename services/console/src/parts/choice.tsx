interface Props<Value> {
  readonly name: string;
  /** Each with its words. */
  readonly options: readonly (readonly [Value, string])[];
  readonly value: Value;
  readonly onChoose: (value: Value) => void;
}

/** One of a few, all in sight. */
export function Choice<Value extends string | number>({ name, options, value, onChoose }: Props<Value>) {
  return (
    <fieldset class="choice">
      <legend>{name}</legend>
      {options.map(([option, words]) => (
        <label key={option}>
          <input type="radio" name={name} checked={value === option} onChange={() => onChoose(option)} />
          <span>{words}</span>
        </label>
      ))}
    </fieldset>
  );
}
