// A click on a picture plays from there; a line follows the music.
const takes = [...document.querySelectorAll(".take")];
const players = takes.map((take) => take.querySelector("audio"));

takes.forEach((take, n) => {
  const drawing = take.querySelector("svg");
  const line = take.querySelector(".playhead");
  const { left, width, seconds } = drawing.dataset;

  drawing.addEventListener("click", (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(drawing.getScreenCTM().inverse());
    players[n].currentTime = Math.min(Math.max((at.x - left) / width, 0), 1) * seconds;
    players[n].play();
  });

  const follow = () => {
    const x = Number(left) + (players[n].currentTime / seconds) * width;
    line.setAttribute("x1", x);
    line.setAttribute("x2", x);
    if (!players[n].paused) requestAnimationFrame(follow);
  };
  players[n].addEventListener("play", () => {
    players.filter((other) => other !== players[n]).forEach((other) => other.pause());
    take.classList.add("playing");
    follow();
  });
  players[n].addEventListener("seeked", follow);
});
