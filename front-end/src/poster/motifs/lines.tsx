/** Pictures drawn with a line: spirals, contours, eyes, dots in print. */
import { path, polar, range, type Motif, type Point } from "./motif";

export const spiral: Motif = ({ width, height, palette, random }) => {
  const [cx, cy] = [width * random.between(0.4, 0.6), height * random.between(0.42, 0.58)];
  const arms = random.integer(2, 4);
  const twist = random.between(1.1, 1.9) * (random.chance(0.5) ? 1 : -1);
  const reach = 170;
  const edge = (start: number) =>
    range(41).map((i): Point => polar(cx, cy, reach * (i / 40) ** 1.25, start + twist * Math.sqrt(i / 40)));
  return (
    <>
      {range(arms).map((i) => (
        <path
          key={i}
          d={path([...edge(i / arms), ...edge((i + 0.5) / arms).reverse()])}
          fill={palette.one}
        />
      ))}
      <circle cx={cx} cy={cy} r={random.between(7, 13)} fill={palette.two} />
    </>
  );
};

/** The whorl of a fingerprint. */
export const whorl: Motif = ({ width, height, palette, random }) => {
  const [cx, cy] = [width * random.between(0.4, 0.6), height * random.between(0.45, 0.6)];
  const lobes = random.integer(2, 3);
  const phase = random.between(0, 1);
  const rings = 15;
  return (
    <>
      {range(rings).map((i) => {
        const r = 6 + i * 8.5;
        const loop = range(60).map((k): Point => {
          const turn = k / 60;
          const swell = 1 + 0.14 * Math.sin(2 * Math.PI * (lobes * turn + phase + i * 0.03));
          const [x, y] = polar(0, 0, r * swell, turn);
          return [cx + x * 0.86, cy + y * 1.08];
        });
        const broken = random.chance(0.4) ? `${(r * 3).toFixed(0)} ${random.between(5, 12).toFixed(0)}` : undefined;
        return (
          <path
            key={i}
            d={path(loop)}
            fill="none"
            stroke={i === 4 ? palette.two : palette.one}
            strokeWidth={4}
            strokeDasharray={broken}
          />
        );
      })}
    </>
  );
};

export const eye: Motif = ({ width, height, palette, random }) => {
  const [cx, cy] = [width / 2, height / 2];
  const lids = random.integer(4, 6);
  const look = random.between(-14, 14);
  const lid = (lift: number) => `M-10 ${cy}Q${cx} ${cy - lift} ${width + 10} ${cy}Q${cx} ${cy + lift} -10 ${cy}z`;
  return (
    <>
      {range(lids).map((i) => (
        <path key={i} d={lid(height * (1.15 - i * 0.12))} fill={i % 2 ? palette.ground : palette.one} />
      ))}
      <path d={lid(height * 0.52)} fill={palette.ink} />
      <circle cx={cx + look} cy={cy} r={Math.min(34, height * 0.22)} fill={palette.two} />
      <circle cx={cx + look} cy={cy} r={Math.min(15, height * 0.1)} fill={palette.ground} />
    </>
  );
};

/** Halftone: dots that swell towards a point. */
export const halftone: Motif = ({ width, height, palette, random }) => {
  const across = random.integer(11, 14);
  const pitch = width / across;
  const [fx, fy] = [width * random.between(0.2, 0.8), height * random.between(0.2, 0.8)];
  const reach = Math.hypot(width, height) * 0.62;
  return (
    <>
      <rect width={width} height={height} fill={palette.two} />
      {range(across * Math.ceil(height / pitch)).map((i) => {
        const [x, y] = [((i % across) + 0.5) * pitch, (Math.floor(i / across) + 0.5) * pitch];
        const near = Math.max(0, 1 - Math.hypot(x - fx, y - fy) / reach);
        return <circle key={i} cx={x} cy={y} r={pitch * (0.08 + 0.56 * near)} fill={palette.one} />;
      })}
    </>
  );
};

/** A keyhole, and the light that comes through. */
export const keyhole: Motif = ({ width, height, palette, random }) => {
  const r = Math.min(width, height) * 0.17;
  const [cx, cy] = [width * random.between(0.4, 0.6), height * 0.4];
  const lean = random.between(-60, 60);
  return (
    <>
      <path d={path([[cx, cy], [cx + lean - 90, height + 10], [cx + lean + 90, height + 10]])} fill={palette.one} />
      <circle cx={cx} cy={cy} r={r * 1.75} fill={palette.one} />
      <circle cx={cx} cy={cy} r={r} fill={palette.two} />
      <path d={path([[cx - r * 0.45, cy], [cx + r * 0.45, cy], [cx + r * 0.85, cy + r * 2.3], [cx - r * 0.85, cy + r * 2.3]])} fill={palette.two} />
    </>
  );
};

/** Bars of sound. */
export const equaliser: Motif = ({ width, height, palette, random }) => {
  const bars = random.integer(9, 13);
  const w = width / bars;
  return (
    <>
      {range(bars).map((i) => {
        const tall = height * random.between(0.2, 0.92);
        return (
          <g key={i}>
            <rect x={i * w + w * 0.14} y={height - tall} width={w * 0.72} height={tall} fill={palette.one} />
            <circle cx={(i + 0.5) * w} cy={height - tall} r={w * 0.36} fill={palette.two} />
          </g>
        );
      })}
    </>
  );
};
