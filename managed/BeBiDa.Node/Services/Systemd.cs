using System.Diagnostics;
using System.Runtime.InteropServices;

namespace BeBiDa.Node.Services;

/// <summary>
/// systemd over the system bus, by libsystemd: what systemctl does, without a process for each question.
/// The interface is described in org.freedesktop.systemd1(5).
/// </summary>
internal sealed unsafe class Systemd : IServiceManager
{
    private const string Service = "org.freedesktop.systemd1";
    private const string Root = "/org/freedesktop/systemd1";
    private const string Manager = "org.freedesktop.systemd1.Manager";
    private const string Unit = "org.freedesktop.systemd1.Unit";
    private const string JobRemoved = "JobRemoved";
    private const int Interrupted = -4; // EINTR
    private const byte StringType = (byte)'s';
    private const byte ObjectPathType = (byte)'o';
    private const byte UInt32Type = (byte)'u';

    // systemd answers these in well under a millisecond; a bus that is silent for so long is broken.
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, string> results = [];
    private readonly nint bus;
    private bool listens;

    /// <summary>Connects.</summary>
    /// <exception cref="ServiceManagerException">There is no system bus.</exception>
    public Systemd()
    {
        try
        {
            Check(SdBus.sd_bus_open_system(out bus), "connect to the system bus (is dbus.service running?)");
        }
        catch (DllNotFoundException e)
        {
            throw new ServiceManagerException($"libsystemd cannot be loaded: {e.Message}");
        }
    }

    /// <summary>Whether systemd is this machine's init, as sd_booted(3) tells.</summary>
    public static bool IsRunning => Directory.Exists("/run/systemd/system");

    /// <inheritdoc/>
    public UnitState Read(string unit)
    {
        var path = CallForPath("LoadUnit", unit);
        return new UnitState(Property(unit, path, "LoadState"), Property(unit, path, "ActiveState"), Property(unit, path, "SubState"));
    }

    /// <inheritdoc/>
    public UnitJob Stop(string unit)
    {
        Listen();
        return new UnitJob(unit, CallForPath("StopUnit", unit, "replace"));
    }

    /// <inheritdoc/>
    public UnitJob Start(string unit)
    {
        Listen();
        // A unit that had failed again and again would be refused for starting too often.
        if (Read(unit).Active == "failed")
            SdBus.sd_bus_message_unref(Call(Service, Root, Manager, "ResetFailedUnit", unit));
        return new UnitJob(unit, CallForPath("StartUnit", unit, "replace"));
    }

    /// <inheritdoc/>
    public string? Wait(UnitJob job, TimeSpan limit)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            int handled;
            while ((handled = Check(SdBus.sd_bus_process(bus, out var message), "read from the system bus")) > 0)
                Take(message);
            if (results.Remove(job.Path, out var result))
                return result;
            var left = limit - Stopwatch.GetElapsedTime(began);
            if (left <= TimeSpan.Zero)
                return null;
            var waited = SdBus.sd_bus_wait(bus, (ulong)left.TotalMicroseconds);
            if (waited != Interrupted)
                Check(waited, "wait for the system bus");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => SdBus.sd_bus_flush_close_unref(bus);

    // Before the first request, so that no answer is missed.
    private void Listen()
    {
        if (listens)
            return;
        SdBus.sd_bus_message_unref(Call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch",
            $"type='signal',sender='{Service}',interface='{Manager}',member='{JobRemoved}'"));
        SdBus.sd_bus_message_unref(Call(Service, Root, Manager, "Subscribe"));
        listens = true;
    }

    // JobRemoved(u id, o job, s unit, s result)
    private void Take(nint message)
    {
        if (message == 0)
            return;
        try
        {
            uint id;
            nint job, unit, result;
            if (SdBus.sd_bus_message_is_signal(message, Manager, JobRemoved) > 0
                && SdBus.sd_bus_message_read_basic(message, UInt32Type, &id) > 0
                && SdBus.sd_bus_message_read_basic(message, ObjectPathType, &job) > 0
                && SdBus.sd_bus_message_read_basic(message, StringType, &unit) > 0
                && SdBus.sd_bus_message_read_basic(message, StringType, &result) > 0)
                results[Marshal.PtrToStringUTF8(job)!] = Marshal.PtrToStringUTF8(result)!;
        }
        finally
        {
            SdBus.sd_bus_message_unref(message);
        }
    }

    private string CallForPath(string method, params ReadOnlySpan<string> arguments)
    {
        var reply = Call(Service, Root, Manager, method, arguments);
        try
        {
            nint path;
            Check(SdBus.sd_bus_message_read_basic(reply, ObjectPathType, &path), $"read systemd's answer to {method}");
            return Marshal.PtrToStringUTF8(path)!;
        }
        finally
        {
            SdBus.sd_bus_message_unref(reply);
        }
    }

    private nint Call(string destination, string path, string @interface, string method, params ReadOnlySpan<string> arguments)
    {
        Check(SdBus.sd_bus_message_new_method_call(bus, out var message, destination, path, @interface, method), $"call {method}");
        try
        {
            foreach (var argument in arguments)
                Check(SdBus.sd_bus_message_append_basic(message, StringType, argument), $"call {method}");
            var error = default(SdBus.Error);
            var result = SdBus.sd_bus_call(bus, message, (ulong)AnswerLimit.TotalMicroseconds, ref error, out var reply);
            Check(result, ref error, $"{method}{(arguments.Length > 0 ? $" of {arguments[0]}" : "")}");
            return reply;
        }
        finally
        {
            SdBus.sd_bus_message_unref(message);
        }
    }

    private string Property(string unit, string path, string name)
    {
        var error = default(SdBus.Error);
        var result = SdBus.sd_bus_get_property_string(bus, Service, path, Unit, name, ref error, out var value);
        Check(result, ref error, $"{name} of {unit}");
        var text = Marshal.PtrToStringUTF8(value)!;
        NativeMemory.Free((void*)value);
        return text;
    }

    private static void Check(int result, ref SdBus.Error error, string what)
    {
        if (result >= 0)
            return;
        var message = Marshal.PtrToStringUTF8(error.Message) ?? Marshal.GetPInvokeErrorMessage(-result);
        SdBus.sd_bus_error_free(ref error);
        throw new ServiceManagerException($"systemd: {what}: {message}");
    }

    private static int Check(int result, string what) =>
        result >= 0 ? result : throw new ServiceManagerException($"cannot {what}: {Marshal.GetPInvokeErrorMessage(-result)}");
}
