"""The pictures of a conversation above its words: small ones in a row, and one larger where a person asks for it."""

from __future__ import annotations

from typing import Final, assert_never

from PySide6.QtCore import QCoreApplication, QObject, QRunnable, QSize, Qt, QThreadPool, Signal
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import QDialog, QHBoxLayout, QScrollArea, QToolButton, QVBoxLayout, QWidget

from app.conversation.turns import Picture
from app.widgets.buttons import PrimaryButton
from app.widgets.labels import ElidedLabel, Label, plain_tip
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_8, GAP_16
from app.windows.watch.pictures import Unshown, image_of
from app.windows.watch.spans import picture_words

translate = QCoreApplication.translate

SMALL: Final = 48
"""Device-independent pixels of a small picture's longer side."""
TALL: Final = SMALL + 2 * GAP_8
"""Device-independent pixels of a picture with what is around it."""
SHARE: Final = 0.8
"""Of the screen's shorter side, for the longer side of a picture that is shown alone."""


class PictureStrip(QScrollArea):
    """Shows nothing, and takes no room, while there are no pictures. They are decoded away from Qt's thread."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._decoder = Decoder(self)
        self._decoder.decoded.connect(self._take)
        self.tiles: list[PictureTile] = []
        self.setObjectName("pictures")
        self.setAccessibleName(self.tr("Pictures"))
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the pictures have it
        self.viewport().setAutoFillBackground(False)
        self._row = QWidget()
        self._row.setProperty("role", "sheet")
        places = QHBoxLayout(self._row)
        places.setContentsMargins(0, 0, 0, 0)
        places.setSpacing(GAP_8)
        places.addStretch(1)
        self.setWidget(self._row)
        self._places = places
        self.setFixedHeight(TALL + self.horizontalScrollBar().sizeHint().height())
        self.hide()

    def show_pictures(self, pictures: tuple[Picture, ...]) -> None:
        """These instead of those that were there."""
        for tile in self.tiles:
            self._places.removeWidget(tile)
            tile.hide()
            tile.deleteLater()
        self.tiles = [PictureTile(self._theme, picture) for picture in pictures]
        for at, tile in enumerate(self.tiles):
            tile.clicked.connect(lambda _=False, picture=tile.picture: self._enlarge(picture))
            self._places.insertWidget(at, tile)
        self._decoder.ask(pictures, round(SMALL * self.devicePixelRatioF()))
        self.setVisible(bool(self.tiles))

    def _take(self, at: int, found: QImage | Unshown) -> None:
        self.tiles[at].show_image(found, self.devicePixelRatioF())

    def _enlarge(self, picture: Picture) -> None:
        window = PictureWindow(self._theme, picture, self.window())
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        window.open()


class PictureTile(QToolButton):
    """A small picture beside its number; what cannot be shown says why."""

    def __init__(self, theme: Theme, picture: Picture) -> None:
        super().__init__()
        self.picture = picture
        self._name = translate("Pictures", "Picture {0}").format(picture.number)
        self.setObjectName(f"picture-{picture.number}")
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setIconSize(QSize(20, 20))
        self.setIcon(theme.icon("image"))
        self.setFixedHeight(TALL)
        self.setEnabled(False)  # there is nothing to enlarge yet
        self._say("")

    def show_image(self, found: QImage | Unshown, ratio: float) -> None:
        """What came of decoding it; ``ratio`` is how many pixels one of the screen's units has."""
        if isinstance(found, Unshown):
            self._say(_why(found))
            return
        pixmap = QPixmap.fromImage(found)
        pixmap.setDevicePixelRatio(ratio)
        self.setIconSize(pixmap.deviceIndependentSize().toSize())
        self.setIcon(QIcon(pixmap))
        self.setEnabled(True)
        self._say("")

    def _say(self, trouble: str) -> None:
        self.setText(f"{self._name}\n{trouble}" if trouble else self._name)
        told = ", ".join(part for part in (self._name, picture_words(self.picture), trouble) if part)
        self.setAccessibleName(told)
        self.setToolTip(plain_tip(told))


class PictureWindow(QDialog):
    """One picture alone, as large as it is, or as the screen lets it be."""

    def __init__(self, theme: Theme, picture: Picture, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        name = translate("Pictures", "Picture {0}").format(picture.number)
        self.setObjectName("picture-window")
        self.setWindowTitle(name)
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_16, GAP_16, GAP_16, GAP_16)
        column.setSpacing(GAP_16)
        self.image = Label()
        self.image.setObjectName("picture")
        self.image.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.image.setAccessibleName(f"{name}, {picture_words(picture)}")
        self.image.setMinimumSize(240, 160)
        column.addWidget(self.image, 1)
        foot = QHBoxLayout()
        foot.addWidget(ElidedLabel(picture_words(picture), "small", "muted"), 1)
        close = PrimaryButton(theme, self.tr("Close"), "picture-close")
        close.clicked.connect(self.close)
        foot.addWidget(close)
        column.addLayout(foot)
        room = self.screen().availableSize()
        side = round(min(room.width(), room.height()) * SHARE * self.devicePixelRatioF())
        self._decoder = Decoder(self)
        self._decoder.decoded.connect(self._take)
        self._decoder.ask((picture,), side)

    def _take(self, _: int, found: QImage | Unshown) -> None:
        if isinstance(found, Unshown):
            self.image.setText(_why(found))
            return
        pixmap = QPixmap.fromImage(found)
        pixmap.setDevicePixelRatio(self.devicePixelRatioF())
        self.image.setPixmap(pixmap)
        self.adjustSize()


class Decoder(QObject):
    """Decodes in another thread, one picture after the other.

    ``decoded`` says the place of a picture among those that were asked for last, and what came of it.
    """

    decoded = Signal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._left: list[tuple[int, Picture]] = []
        self._side = 0
        self._ticket = 0
        self._said = _ImageReady()
        self._said.decoded.connect(self._take)

    def ask(self, pictures: tuple[Picture, ...], side: int) -> None:
        """Decode these, ``side`` pixels at most; nothing more is said of others."""
        self._ticket += 1
        self._left = list(enumerate(pictures))
        self._side = side
        self._next()

    def _next(self) -> None:
        if self._left:
            at, picture = self._left.pop(0)
            QThreadPool.globalInstance().start(_Decoding(self._ticket, at, picture.data, self._side, self._said))

    def _take(self, ticket: int, at: int, found: QImage | Unshown) -> None:
        if ticket == self._ticket:
            self.decoded.emit(at, found)
            self._next()


class _ImageReady(QObject):
    decoded = Signal(int, int, object)


class _Decoding(QRunnable):
    def __init__(self, ticket: int, at: int, data: str, side: int, said: _ImageReady) -> None:
        super().__init__()
        self._ticket, self._at, self._data, self._side, self._said = ticket, at, data, side, said

    def run(self) -> None:
        self._said.decoded.emit(self._ticket, self._at, image_of(self._data, self._side))


def _why(found: Unshown) -> str:
    match found:
        case Unshown.TOO_LARGE:
            return translate("Pictures", "too large to show")
        case Unshown.DAMAGED:
            return translate("Pictures", "damaged")
        case Unshown.OTHER_KIND:
            return translate("Pictures", "of no kind shown here")
        case _:
            assert_never(found)
