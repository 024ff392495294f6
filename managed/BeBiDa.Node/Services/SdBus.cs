using System.Runtime.InteropServices;

namespace BeBiDa.Node.Services;

/// <summary>The functions of libsystemd that are used here (sd-bus(3)); those that return int return -errno when they fail.</summary>
internal static unsafe partial class SdBus
{
    private const string Library = "libsystemd.so.0";

    [LibraryImport(Library)]
    public static partial int sd_bus_open_system(out nint bus);

    [LibraryImport(Library)]
    public static partial nint sd_bus_flush_close_unref(nint bus);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sd_bus_message_new_method_call(
        nint bus,
        out nint message,
        string destination,
        string path,
        string @interface,
        string member
    );

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sd_bus_message_append_basic(nint message, byte type, string value);

    [LibraryImport(Library)]
    public static partial int sd_bus_call(nint bus, nint message, ulong microseconds, ref Error error, out nint reply);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sd_bus_get_property_string(
        nint bus,
        string destination,
        string path,
        string @interface,
        string member,
        nint error,
        out nint text
    );

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sd_bus_get_property_strv(
        nint bus,
        string destination,
        string path,
        string @interface,
        string member,
        nint error,
        out nint* texts
    );

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sd_bus_message_open_container(nint message, byte type, string contents);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_close_container(nint message);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sd_bus_message_enter_container(nint message, byte type, string contents);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_exit_container(nint message);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_read_basic(nint message, byte type, void* value);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sd_bus_message_is_signal(nint message, string @interface, string member);

    [LibraryImport(Library)]
    public static partial nint sd_bus_message_unref(nint message);

    [LibraryImport(Library)]
    public static partial int sd_bus_process(nint bus, out nint message);

    [LibraryImport(Library)]
    public static partial int sd_bus_wait(nint bus, ulong microseconds);

    [LibraryImport(Library)]
    public static partial void sd_bus_error_free(ref Error error);

    /// <summary>sd_bus_error: name and message are libsystemd's.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Error
    {
        public nint Name;
        public nint Message;
        public int NeedFree;
    }
}
