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
    private const string UnitFields = "ssssssouso";
    private const string JobRemoved = "JobRemoved";
    private const int Interrupted = -4; // EINTR
    private const byte StringType = (byte)'s';
    private const byte ObjectPathType = (byte)'o';
    private const byte UInt32Type = (byte)'u';
    private const byte ArrayType = (byte)'a';
    private const byte StructType = (byte)'r';

    // systemctl's own. systemd answers in well under a millisecond, but to nobody while it reads all units anew.
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(25);

    // systemd.unit(5), the table of what is the inverse of what.
    private static readonly string[] StopsWith = ["RequiredBy", "RequisiteOf", "BoundBy", "ConsistsOf", "PropagatesStopTo"];

    private readonly Dictionary<string, string> results = [];
    private readonly Dictionary<string, string> paths = [];
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
            throw new ServiceManagerException(Problems.NoLibsystemd(e));
        }
    }

    /// <summary>Whether systemd is this machine's init, as sd_booted(3) tells.</summary>
    public static bool IsRunning => Directory.Exists("/run/systemd/system");

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, UnitState> Read(IReadOnlyCollection<string> units)
    {
        var states = new List<UnitState>(units.Count);
        var objects = new List<string>(units.Count);
        var reply = Call(
            Service,
            Root,
            Manager,
            "ListUnitsByNames",
            "ListUnitsByNames",
            message =>
            {
                Check(SdBus.sd_bus_message_open_container(message, ArrayType, "s"), "ask for units");
                foreach (var unit in units)
                    Append(message, unit);
                Check(SdBus.sd_bus_message_close_container(message), "ask for units");
            }
        );
        try
        {
            Check(SdBus.sd_bus_message_enter_container(reply, ArrayType, $"({UnitFields})"), "read units");
            while (Check(SdBus.sd_bus_message_enter_container(reply, StructType, UnitFields), "read a unit") > 0)
            {
                var (_, _, load, active, sub) = (
                    ReadString(reply),
                    ReadString(reply),
                    ReadString(reply),
                    ReadString(reply),
                    ReadString(reply)
                );
                // followed unit, object path, job's number, job's type, job's path
                var (_, path, job, type, _) = (
                    ReadString(reply),
                    ReadString(reply, ObjectPathType),
                    ReadNumber(reply),
                    ReadString(reply),
                    ReadString(reply, ObjectPathType)
                );
                objects.Add(path);
                states.Add(new UnitState(load, active, sub, job == 0 ? "" : type));
                Check(SdBus.sd_bus_message_exit_container(reply), "read a unit");
            }
        }
        finally
        {
            SdBus.sd_bus_message_unref(reply);
        }
        // One for each name that could be one, in their order; an alias is answered for by the unit that it stands for.
        if (states.Count == units.Count)
            foreach (var (unit, path) in units.Zip(objects))
                paths[unit] = path;
        return states.Count == units.Count
            ? units.Zip(states).ToDictionary(pair => pair.First, pair => pair.Second)
            : throw new ServiceManagerException(Problems.NotAUnit(units));
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> StoppedWith(string unit)
    {
        var found = new List<string> { unit };
        for (var i = 0; i < found.Count; i++)
            foreach (var property in StopsWith)
                found.AddRange(ReadNames(found[i], property).Except(found).ToList());
        return found[1..];
    }

    /// <inheritdoc/>
    public string? ControlGroup(string unit)
    {
        // Of an older systemd, or of a unit of another type: it has none.
        if (
            SdBus.sd_bus_get_property_string(
                bus,
                Service,
                PathOf(unit),
                "org.freedesktop.systemd1.Service",
                "ControlGroup",
                0,
                out var text
            ) < 0
        )
            return null;
        var group = Marshal.PtrToStringUTF8(text)!;
        NativeMemory.Free((void*)text);
        return group.Length > 0 ? group : null;
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
        // systemd counts starts, and refuses more than a few in a short time: those of one job after the other are no loop.
        // By its path, which systemd reads the unit for; by its name it would not know one that is stopped.
        SdBus.sd_bus_message_unref(Call(Service, PathOf(unit), Unit, "ResetFailed"));
        return new UnitJob(unit, CallForPath("StartUnit", unit, "replace"));
    }

    /// <inheritdoc/>
    public string? Wait(UnitJob job, TimeSpan limit)
    {
        var deadline = new Deadline(limit);
        while (true)
        {
            while (Check(SdBus.sd_bus_process(bus, out var message), "read from the system bus") > 0)
                Take(message);
            if (results.Remove(job.Path, out var result))
                return result;
            if (deadline.IsOver)
                return null;
            var waited = SdBus.sd_bus_wait(bus, (ulong)deadline.Rest.TotalMicroseconds);
            if (waited != Interrupted)
                Check(waited, "wait for the system bus");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => SdBus.sd_bus_flush_close_unref(bus);

    private string PathOf(string unit)
    {
        if (!paths.ContainsKey(unit))
            Read([unit]);
        return paths[unit];
    }

    private List<string> ReadNames(string unit, string property)
    {
        var names = new List<string>();
        // systemd 248 and earlier have no PropagatesStopTo.
        if (SdBus.sd_bus_get_property_strv(bus, Service, PathOf(unit), Unit, property, 0, out var texts) < 0)
            return names;
        // An empty list is a null pointer.
        for (var text = texts; text is not null && *text != 0; text++)
        {
            names.Add(Marshal.PtrToStringUTF8(*text)!);
            NativeMemory.Free((void*)*text);
        }
        NativeMemory.Free(texts);
        return names;
    }

    // Before the first request, so that no answer is missed.
    private void Listen()
    {
        if (listens)
            return;
        SdBus.sd_bus_message_unref(
            Call(
                "org.freedesktop.DBus",
                "/org/freedesktop/DBus",
                "org.freedesktop.DBus",
                "AddMatch",
                $"type='signal',sender='{Service}',interface='{Manager}',member='{JobRemoved}'"
            )
        );
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
            if (SdBus.sd_bus_message_is_signal(message, Manager, JobRemoved) <= 0)
                return;
            _ = ReadNumber(message);
            var job = ReadString(message, ObjectPathType);
            _ = ReadString(message);
            results[job] = ReadString(message);
        }
        finally
        {
            SdBus.sd_bus_message_unref(message);
        }
    }

    private string CallForPath(string method, params string[] arguments)
    {
        var reply = Call(Service, Root, Manager, method, arguments);
        try
        {
            return ReadString(reply, ObjectPathType);
        }
        finally
        {
            SdBus.sd_bus_message_unref(reply);
        }
    }

    private nint Call(string destination, string path, string @interface, string method, params string[] arguments) =>
        Call(
            destination,
            path,
            @interface,
            arguments is [var first, ..] ? $"{method} of {first}" : method,
            method,
            message =>
            {
                foreach (var argument in arguments)
                    Append(message, argument);
            }
        );

    private nint Call(string destination, string path, string @interface, string what, string method, Action<nint> append)
    {
        Check(SdBus.sd_bus_message_new_method_call(bus, out var message, destination, path, @interface, method), $"call {what}");
        try
        {
            append(message);
            var error = default(SdBus.Error);
            var result = SdBus.sd_bus_call(bus, message, (ulong)AnswerLimit.TotalMicroseconds, ref error, out var reply);
            Check(result, ref error, what);
            return reply;
        }
        finally
        {
            SdBus.sd_bus_message_unref(message);
        }
    }

    private static void Append(nint message, string text) =>
        Check(SdBus.sd_bus_message_append_basic(message, StringType, text), "write to the system bus");

    private static string ReadString(nint message, byte type = StringType)
    {
        nint text;
        Check(SdBus.sd_bus_message_read_basic(message, type, &text), "read from the system bus");
        return Marshal.PtrToStringUTF8(text)!;
    }

    private static uint ReadNumber(nint message)
    {
        uint number;
        Check(SdBus.sd_bus_message_read_basic(message, UInt32Type, &number), "read from the system bus");
        return number;
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
