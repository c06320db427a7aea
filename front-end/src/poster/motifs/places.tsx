/** Landscapes and rooms: ridges, mesas, windows, stairs. */
import { path, range, type Motif, type Point } from "./motif";

export const ridges: Motif = ({ width, height, palette, random }) => {
  const inks = [palette.one, palette.two, palette.ink] as const;
  const sun = Math.min(width, height) * random.between(0.2, 0.28);
  return (
    <>
      <circle cx={width * random.between(0.25, 0.75)} cy={height * 0.36} r={sun} fill={palette.ink} />
      {inks.map((ink, i) => {
        const peaks = random.integer(2, 4);
        const base = height * (0.5 + i * 0.17);
        const points = range(peaks * 2 + 1).map((k): Point => {
          const lift = k % 2 ? random.between(0.14, 0.3) * height : 0;
          return [(k * width) / (peaks * 2), base - lift];
        });
        return <path key={i} d={path([...points, [width, height], [0, height]])} fill={ink} />;
      })}
    </>
  );
};

export const waves: Motif = ({ width, height, palette, random }) => {
  const rows = Math.max(3, Math.round(height / 26));
  const swell = random.between(7, 13);
  const length = width / random.integer(2, 3);
  const inks = [palette.one, palette.two] as const;
  return (
    <>
      <circle cx={width * random.between(0.3, 0.7)} cy={height * 0.3} r={Math.min(width, height) * 0.24} fill={palette.ink} />
      {range(rows).map((i) => {
        const y = height * (0.36 + (0.64 * i) / rows);
        const start = -length * (i % 2 ? 1 : 0.5);
        const crests = range(5).map(() => `q${length / 4} ${-swell} ${length / 2} 0t${length / 2} 0`).join("");
        return <path key={i} d={`M${start} ${y}${crests}V${height + 20}H${start}z`} fill={inks[i % 2] ?? palette.one} />;
      })}
    </>
  );
};

export const mesa: Motif = ({ width, height, palette, random }) => {
  const top = height * random.between(0.42, 0.52);
  const left = width * random.between(0.08, 0.3);
  const right = left + width * random.between(0.3, 0.42);
  const far = width * random.between(0.72, 0.8);
  const horizon = height * 0.82;
  return (
    <>
      <circle cx={width * 0.62} cy={height * 0.5} r={Math.min(width, height) * 0.34} fill={palette.two} />
      <path d={path([[far, horizon], [far + 8, top + 26], [width + 10, top + 26], [width + 10, horizon]])} fill={palette.one} />
      <path d={path([[left - 18, horizon], [left, top], [right, top], [right + 18, horizon]])} fill={palette.ink} />
      <rect x={0} y={horizon} width={width} height={height - horizon} fill={palette.one} />
    </>
  );
};

/** A façade at night, some windows lit. */
export const windows: Motif = ({ width, height, palette, random }) => {
  const across = random.integer(5, 7);
  const [w, h] = [width / across, (width / across) * 1.35];
  const down = Math.ceil(height / h);
  return (
    <>
      {range(across * down).map((i) => {
        const [x, y] = [(i % across) * w, Math.floor(i / across) * h];
        return (
          <rect
            key={i}
            x={x + w * 0.18}
            y={y + h * 0.16}
            width={w * 0.64}
            height={h * 0.68}
            fill={random.chance(0.2) ? palette.two : palette.one}
          />
        );
      })}
    </>
  );
};

export const stairs: Motif = ({ width, height, palette, random }) => {
  const steps = random.integer(5, 7);
  const [w, h] = [width / steps, height / steps];
  const flip = random.chance(0.5);
  const door = h * random.between(1.6, 2.2);
  return (
    <g transform={flip ? `matrix(-1 0 0 1 ${width} 0)` : undefined}>
      {range(steps).map((i) => (
        <g key={i}>
          <rect x={i * w} y={height - (i + 1) * h} width={w + 0.5} height={(i + 1) * h} fill={palette.one} />
          <rect x={i * w} y={height - (i + 1) * h} width={w + 0.5} height={h * 0.3} fill={palette.ink} />
        </g>
      ))}
      <rect x={w * 0.25} y={Math.max(6, height - h - door)} width={w * 0.8} height={door} fill={palette.two} />
    </g>
  );
};
