import { memo } from "react";

import { bulbs, NARROW, setBoard, WIDE, type BoardShape, type SignLine } from "./board";
import styles from "./MarqueeSign.module.css";

/** The lit board over the entrance. It is a picture: say in text what it says. */
export const MarqueeSign = memo(function MarqueeSign({ lines }: { lines: readonly SignLine[] }) {
  return (
    <div className={styles.sign}>
      <Board lines={lines} shape={WIDE} pitch={25} frame={26} className={styles.wide} />
      <Board lines={lines} shape={NARROW} pitch={16} frame={17} className={styles.narrow} />
    </div>
  );
});

interface BoardProps {
  lines: readonly SignLine[];
  shape: BoardShape;
  pitch: number;
  frame: number;
  className: string | undefined;
}

function Board({ lines, shape, pitch, frame, className }: BoardProps) {
  const board = setBoard(lines, shape);
  const [width, height] = [board.width + 2 * frame, board.height + 2 * frame];
  return (
    <svg viewBox={`0 0 ${width} ${height}`} className={className} aria-hidden="true" focusable="false">
      <rect width={width} height={height} rx={frame * 0.4} className={styles.frame} />
      <g transform={`translate(${frame} ${frame})`}>
        <rect x={-4} y={-4} width={board.width + 8} height={board.height + 8} className={styles.lip} />
        <rect width={board.width} height={board.height} className={styles.panel} />
        {board.lines.map((line, i) => (
          <g key={i}>
            <rect y={line.baseline + line.size * 0.015} width={board.width} height={Math.max(1.6, frame * 0.11)} className={styles.rail} />
            {line.tiles.map((tile, k) => (
              <text
                key={k}
                className={line.tone === "red" ? styles.red : styles.ink}
                fontSize={line.size}
                transform={`translate(${tile.x.toFixed(1)} ${line.baseline.toFixed(1)}) rotate(${tile.tilt.toFixed(2)})`}
              >
                {tile.letter}
              </text>
            ))}
          </g>
        ))}
      </g>
      <g transform={`translate(${frame / 2} ${frame / 2})`}>
        {bulbs(width - frame, height - frame, pitch).map(([x, y], i) => (
          <circle key={i} cx={x} cy={y} r={frame * 0.19} className={styles.bulb} data-phase={i % 3} />
        ))}
      </g>
    </svg>
  );
}
