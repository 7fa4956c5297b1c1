"""A desktop's tray as a test owns it: a StatusNotifier watcher and host on D-Bus that reads menus and clicks in them.

The interfaces are those of freedesktop.org's StatusNotifierItem and of com.canonical.dbusmenu.
"""

from __future__ import annotations

import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from jeepney import (  # type: ignore[import-untyped]
    DBusAddress,
    HeaderFields,
    MessageType,
    new_error,
    new_method_call,
    new_method_return,
    new_signal,
)
from jeepney.bus_messages import message_bus  # type: ignore[import-untyped]
from jeepney.io.blocking import open_dbus_connection  # type: ignore[import-untyped]

WATCHER: Final = "org.kde.StatusNotifierWatcher"
ITEM: Final = "org.kde.StatusNotifierItem"
MENU: Final = "com.canonical.dbusmenu"
NOTIFICATIONS: Final = "org.freedesktop.Notifications"
PROPERTIES: Final = "org.freedesktop.DBus.Properties"
OWNER: Final = 1
"""What the bus answers to who becomes the owner of a name."""

_DESCRIPTION: Final = f"""<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"
"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
<node><interface name="{WATCHER}">
<method name="RegisterStatusNotifierItem"><arg type="s" direction="in"/></method>
<method name="RegisterStatusNotifierHost"><arg type="s" direction="in"/></method>
<property name="RegisteredStatusNotifierItems" type="as" access="read"/>
<property name="IsStatusNotifierHostRegistered" type="b" access="read"/>
<property name="ProtocolVersion" type="i" access="read"/>
<signal name="StatusNotifierItemRegistered"><arg type="s"/></signal>
<signal name="StatusNotifierItemUnregistered"><arg type="s"/></signal>
<signal name="StatusNotifierHostRegistered"/></interface>
<interface name="{PROPERTIES}"/></node>"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A menu entry as a panel reads it; ``below`` are those of its submenu."""

    id: int
    label: str
    enabled: bool
    visible: bool
    checked: bool
    below: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Notification:
    """What was shown; ``urgent`` as the notification's own hint says."""

    title: str
    text: str
    urgent: bool


class _Owner(ABC):
    """A name on the bus with a thread behind it that answers calls.

    It asks for the name from within its own loop: Qt registers within a millisecond of the name's change of hands, and
    a blocking question of jeepney's throws away whatever else comes meanwhile.
    """

    def __init__(self, address: str, name: str) -> None:
        self._connection = open_dbus_connection(address)
        self._owned = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self._connection.send(message_bus.RequestName(name))
        assert self._owned.wait(60), f"somebody else owns {name}"

    def close(self) -> None:
        self._connection.sock.shutdown(socket.SHUT_RDWR)  # closing alone wakes nobody who reads
        self._thread.join(60)
        self._connection.close()

    @abstractmethod
    def answer(self, message: Any) -> Any:
        """What is said to somebody's call."""

    def _serve(self) -> None:
        while True:
            try:
                message = self._connection.receive()
            except (OSError, EOFError, ValueError):  # closed
                return
            kind = message.header.message_type
            if kind == MessageType.method_return and message.body == (OWNER,):
                self._owned.set()
            elif kind == MessageType.method_call:
                self._connection.send(self.answer(message))


class TrayHost(_Owner):
    """``wait`` for an item, then read and click it. Close it, and the desktop has no tray any more."""

    def __init__(self, address: str) -> None:
        self.items: list[tuple[str, str]] = []
        self._asking = open_dbus_connection(address)
        super().__init__(address, WATCHER)

    def close(self) -> None:
        super().close()
        self._asking.close()

    def answer(self, message: Any) -> Any:
        fields = message.header.fields
        match fields[HeaderFields.member]:
            case "Introspect":
                return new_method_return(message, "s", (_DESCRIPTION,))
            case "Get":
                return new_method_return(message, "v", (self._properties()[message.body[1]],))
            case "GetAll":
                return new_method_return(message, "a{sv}", (self._properties(),))
            case "RegisterStatusNotifierItem":
                told = message.body[0]
                own = told.startswith("/")
                self.items.append((fields[HeaderFields.sender], told) if own else (told, "/StatusNotifierItem"))
                return new_method_return(message)
            case "RegisterStatusNotifierHost" | "Ping":
                return new_method_return(message)
            case other:
                return new_error(message, "org.freedesktop.DBus.Error.UnknownMethod", "s", (other,))

    def wait(self, seconds: float = 60.0) -> None:
        """Until an item is in the tray."""
        until = time.monotonic() + seconds
        while not self.items:
            assert time.monotonic() < until, "no icon came into the tray"
            time.sleep(0.02)

    def icon(self) -> bytes:
        """The largest picture, as the item gives it."""
        pictures = self._property("IconPixmap")
        return bytes(max(pictures, key=lambda picture: picture[0])[2])

    def sizes(self) -> set[int]:
        """The widths of the icon that the panel may choose from."""
        return {width for width, _, _ in self._property("IconPixmap")}

    def tip(self) -> str:
        """What is shown while a pointer rests on the icon."""
        return str(self._property("ToolTip")[2])

    def activate(self) -> None:
        """A click on the icon."""
        self._call(self.items[-1][1], ITEM, "Activate", "ii", (5, 5))

    def menu(self) -> tuple[Entry, ...]:
        """What is in the menu now, separators left out."""
        path = self._property("Menu")
        for above in (0,):
            self._call(path, MENU, "AboutToShow", "i", (above,))
        layout = self._call(path, MENU, "GetLayout", "iias", (0, -1, []))
        return tuple(_entries(layout[1]))

    def labels(self) -> list[str]:
        """What a person reads in the menu, submenus closed."""
        return [entry.label for entry in self.menu() if entry.visible]

    def click(self, *way: str) -> None:
        """Choose an entry by its label, through the submenus before it."""
        entries = self.menu()
        for label in way:
            found = [entry for entry in entries if entry.label == label and entry.visible and entry.enabled]
            assert len(found) == 1, (label, entries)
            entries = found[0].below
        event = (found[0].id, "clicked", ("s", ""), 0)
        self._call(self._property("Menu"), MENU, "Event", "isvu", event)

    def _properties(self) -> dict[str, tuple[str, Any]]:
        return {
            "RegisteredStatusNotifierItems": ("as", [f"{name}{path}" for name, path in self.items]),
            "IsStatusNotifierHostRegistered": ("b", True),
            "ProtocolVersion": ("i", 0),
        }

    def _property(self, name: str) -> Any:
        return self._call(self.items[-1][1], PROPERTIES, "Get", "ss", (ITEM, name))[0][1]

    def _call(self, path: str, interface: str, method: str, signature: str, body: tuple[Any, ...]) -> Any:
        address = DBusAddress(path, bus_name=self.items[-1][0], interface=interface)
        reply = self._asking.send_and_get_reply(new_method_call(address, method, signature, body), timeout=10)
        assert reply.header.message_type != MessageType.error, f"{method}: {reply.body}"
        return reply.body


def _entries(layout: Any) -> Iterator[Entry]:
    for _, (id_, properties, below) in layout[2]:
        told = {name: value for name, (_, value) in properties.items()}
        if told.get("type") == "separator":
            continue
        yield Entry(
            id_,
            told.get("label", "").replace("__", "\0").replace("_", "").replace("\0", "_"),
            told.get("enabled", True),
            told.get("visible", True),
            told.get("toggle-state", 0) == 1,
            tuple(_entries((id_, properties, below))),
        )


class NotificationHost(_Owner):
    """Shows nothing and remembers everything; ``click`` answers the latest as a person would."""

    def __init__(self, address: str) -> None:
        self.shown: list[Notification] = []
        super().__init__(address, NOTIFICATIONS)

    def answer(self, message: Any) -> Any:
        match message.header.fields[HeaderFields.member]:
            case "Notify":
                _, _, _, title, text, _, hints, _ = message.body
                self.shown.append(Notification(title, text, hints.get("urgency", ("y", 1))[1] == 2))
                return new_method_return(message, "u", (len(self.shown),))
            case "GetCapabilities":
                return new_method_return(message, "as", (["body", "actions"],))
            case "GetServerInformation":
                return new_method_return(message, "ssss", ("test", "test", "1", "1.2"))
            case _:
                return new_method_return(message)

    def click(self) -> None:
        """On the latest notification."""
        address = DBusAddress("/org/freedesktop/Notifications", interface=NOTIFICATIONS)
        self._connection.send(new_signal(address, "ActionInvoked", "us", (len(self.shown), "default")))
