/** Pictures made of light: rays, blinds, bulbs, orbits, the moon. */
import { path, polar, range, type Motif } from "./motif";

export const rays: Motif = ({ width, height, palette, random }) => {
  const [cx, cy] = [width * random.between(0.25, 0.75), height * random.between(0.45, 0.95)];
  const count = random.integer(11, 17);
  const turn = random.between(0, 1);
  return (
    <>
      {range(count).map((i) => {
        const from = polar(cx, cy, 420, turn + i / count);
        const to = polar(cx, cy, 420, turn + (i + 0.5) / count);
        return <path key={i} d={path([[cx, cy], from, to])} fill={palette.one} />;
      })}
      <circle cx={cx} cy={cy} r={random.between(22, 40)} fill={palette.two} />
    </>
  );
};

export const blinds: Motif = ({ width, height, palette, random }) => {
  const slats = Math.round(height / random.between(13, 18));
  const pitch = height / slats;
  const slope = random.between(-0.2, 0.2);
  const [x, r] = [width * random.between(0.35, 0.65), Math.min(width, height) * 0.36];
  return (
    <g transform={`skewY(${(slope * 40).toFixed(1)})`}>
      <circle cx={x} cy={height * 0.52 - slope * 50} r={r} fill={palette.two} />
      {range(slats + 8).map((i) => (
        <rect key={i} x={-10} y={(i - 4) * pitch} width={width + 20} height={pitch * 0.52} fill={palette.one} />
      ))}
    </g>
  );
};

export const bulbs: Motif = ({ width, height, palette, random }) => {
  const across = 9;
  const pitch = width / across;
  const down = Math.ceil(height / pitch);
  const row = random.integer(1, Math.max(1, down - 2));
  return (
    <>
      {range(across * down).map((i) => {
        const [x, y] = [(i % across) + 0.5, Math.floor(i / across) + 0.5];
        const lit = Math.floor(y) === row || random.chance(0.18);
        return <circle key={i} cx={x * pitch} cy={y * pitch} r={pitch * 0.34} fill={lit ? palette.two : palette.one} />;
      })}
    </>
  );
};

export const orbits: Motif = ({ width, height, palette, random }) => {
  const [cx, cy] = [width * random.between(0.2, 0.8), height * random.between(0.3, 0.7)];
  const rings = random.integer(5, 8);
  const step = 130 / rings;
  return (
    <>
      <circle cx={cx} cy={cy} r={step * 1.1} fill={palette.two} />
      {range(rings).map((i) => {
        const r = step * (i + 1.9);
        const [x, y] = polar(cx, cy, r, random.between(0, 1));
        return (
          <g key={i}>
            <circle cx={cx} cy={cy} r={r} fill="none" stroke={palette.one} strokeWidth={i % 3 === 0 ? 3 : 1.2} />
            <circle cx={x} cy={y} r={random.between(2, 7)} fill={random.chance(0.3) ? palette.two : palette.ink} />
          </g>
        );
      })}
    </>
  );
};

export const moon: Motif = ({ width, height, palette, random }) => {
  const r = Math.min(width, height) * random.between(0.34, 0.42);
  const [cx, cy] = [width * random.between(0.4, 0.6), height * 0.5];
  const bite = random.chance(0.5) ? 0.42 : -0.42;
  return (
    <>
      <circle cx={cx} cy={cy} r={r * 1.32} fill={palette.one} />
      <circle cx={cx} cy={cy} r={r} fill={palette.two} />
      <circle cx={cx + r * bite} cy={cy - r * 0.16} r={r * 0.82} fill={palette.one} />
      {range(16).map((i) => {
        const [x, y, s] = [random.between(6, width - 6), random.between(6, height - 6), random.between(1.5, 5)];
        const star = range(8).map((k) => polar(x, y, k % 2 ? s * 0.3 : s, k / 8));
        return <path key={i} d={path(star)} fill={palette.ink} />;
      })}
    </>
  );
};

/** A row of stage lamps, their cones crossing. */
export const spotlights: Motif = ({ width, height, palette, random }) => {
  const lamps = random.integer(3, 4);
  return (
    <>
      {range(lamps).map((i) => {
        const x = (width * (i + 0.5)) / lamps;
        const foot = width - x + random.between(-30, 30);
        const cone = path([[x, 0], [foot - 34, height], [foot + 34, height]]);
        return <path key={i} d={cone} fill={i % 2 ? palette.two : palette.one} opacity={0.82} />;
      })}
      <ellipse cx={width / 2} cy={height} rx={width * 0.36} ry={height * 0.12} fill={palette.ink} />
    </>
  );
};
