using BeBiDa.EmbeddedApi.Real;
using BeBiDa.Lab;
using CliWrap;
using CliWrap.Buffered;
using CommandResult = BeBiDa.Lab.CommandResult;

namespace BeBiDa.Vm;

/// <summary>
/// A machine under QEMU, with a kernel, a disk and a power supply of its own: see tests/lab/vm/README.md. It ends with its
/// disposal or with this process.
/// </summary>
public sealed class VirtualMachine : IAsyncDisposable
{
    /// <summary>Where a server on this host's 127.0.0.1 is, seen from the machine.</summary>
    public const string Host = "10.0.2.2";

    private const string Program = "qemu-system-x86_64";
    private static readonly string s_image = Path.Combine(PluginBuild.RepositoryRoot(), "tests", "lab", "vm", "image.sh");

    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(0.5);

    private readonly string directory;
    private readonly string image;
    private readonly int port;
    private readonly TimeSpan patience;
    private readonly GuestAgent agent;
    private BoundProcess? qemu;

    private VirtualMachine(string directory, string image, int port, TimeSpan patience)
    {
        this.directory = directory;
        this.image = image;
        this.port = port;
        this.patience = patience;
        agent = new GuestAgent(Path.Combine(directory, "agent"));
    }

    /// <summary>Why this host cannot have such machines; null when it can.</summary>
    public static string? WhyNot() =>
        !Environment.IsPrivilegedProcess ? "making its image needs root"
        : FindProgram() is null ? $"there is no {Program}; tests/setup.sh installs it"
        : null;

    /// <summary>Makes a machine with a fresh disk, and does not start it.</summary>
    /// <param name="directory">Where its disk and logs are, its own.</param>
    /// <param name="files">A folder that it has as /lab: "files" in it is copied to its disk once, "prefix" is its /usr/local.</param>
    /// <param name="port">A port of the machine, and of this host's 127.0.0.1, that leads to it.</param>
    /// <param name="patience">How long anything that is waited for may take.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<VirtualMachine> CreateAsync(
        string directory,
        string files,
        int port,
        TimeSpan patience,
        CancellationToken cancellationToken = default
    )
    {
        var image = (await RunAsync(s_image, [], cancellationToken)).StandardOutput.Trim();
        var machine = new VirtualMachine(directory, image, port, patience);
        await RunAsync(
            "qemu-img",
            ["create", "-q", "-f", "qcow2", "-F", "raw", "-b", Path.Combine(image, "root.img"), machine.InDirectory("disk.qcow2")],
            cancellationToken
        );
        // Sparse: what is not needed takes no space.
        await RunAsync("truncate", ["-s", "1G", machine.InDirectory("files.img")], cancellationToken);
        await RunAsync(
            "/sbin/mke2fs",
            ["-q", "-t", "ext4", "-O", "^has_journal", "-d", files, machine.InDirectory("files.img")],
            cancellationToken
        );
        return machine;
    }

    /// <summary>What its kernel wrote to the serial line.</summary>
    public string ReadConsole() => File.Exists(InDirectory("console")) ? File.ReadAllText(InDirectory("console")) : "";

    /// <summary>Runs a command on the machine as root, whatever its exit code.</summary>
    public Task<CommandResult> ExecAsync(
        IReadOnlyList<string> command,
        string? input = null,
        CancellationToken cancellationToken = default
    ) => agent.ExecuteAsync(command, input, cancellationToken);

    /// <summary>Runs a script on the machine as root; an error when it fails. Returns what it wrote, without the last end of line.</summary>
    public async Task<string> ShellAsync(string script, CancellationToken cancellationToken = default) =>
        (await ExecAsync(["sh", "-c", script], cancellationToken: cancellationToken)).EnsureSucceeded().StandardOutput.TrimEnd('\n');

    /// <summary>Writes a file on the machine, in place of what it had; owner and mode stay.</summary>
    public async Task WriteFileAsync(string path, string text, CancellationToken cancellationToken = default) =>
        (await ExecAsync(["sh", "-c", "cat >\"$0\"", path], text, cancellationToken)).EnsureSucceeded();

    /// <summary>The power is cut: nothing more runs, and what the machine had not flushed to its disk is lost.</summary>
    public async Task KillAsync()
    {
        if (qemu is null)
            return;
        await qemu.DisposeAsync();
        qemu = null;
    }

    /// <summary>The power is back. Returns at once.</summary>
    public void Start()
    {
        if (qemu is not null)
            throw new InvalidOperationException("the machine runs already");
        File.Delete(InDirectory("agent"));
        // Writes that the machine flushes are on the disk, others need not be: as a disk with a cache of its own.
        // An emulated machine waits for every instruction of its own: among dozens of busy processes it takes many times as long.
        qemu = new BoundProcess(
            "nice",
            InDirectory("qemu.log"),
            [
                "--adjustment=-5",
                FindProgram() ?? throw new LabException(WhyNot()!),
                .. Acceleration(),
                "-nodefaults",
                "-display",
                "none",
                "-m",
                $"{MemoryMegabytes}",
                "-smp",
                $"{Processors}",
                "-kernel",
                Path.Combine(image, "kernel"),
                "-initrd",
                Path.Combine(image, "initrd"),
                "-append",
                "console=ttyS0 quiet mitigations=off net.ifnames=0",
                "-serial",
                $"file:{InDirectory("console")}",
                "-drive",
                $"file={InDirectory("disk.qcow2")},if=virtio",
                "-drive",
                $"file={InDirectory("files.img")},if=virtio,format=raw,readonly=on",
                "-netdev",
                $"user,id=network,hostfwd=tcp:127.0.0.1:{port}-:{port}",
                "-device",
                "virtio-net-pci,netdev=network,romfile=",
                "-chardev",
                $"socket,path={InDirectory("agent")},server=on,wait=off,id=agent",
                "-device",
                "virtio-serial",
                "-device",
                "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
            ]
        );
    }

    /// <summary>How much memory it has.</summary>
    public const int MemoryMegabytes = 1536;

    /// <summary>How many processors it has.</summary>
    public const int Processors = 2;

    /// <summary>Which boot this is: another one after each start and each reboot.</summary>
    public Task<string> BootAsync(CancellationToken cancellationToken = default) =>
        ShellAsync("cat /proc/sys/kernel/random/boot_id", cancellationToken);

    /// <summary>Waits until systemd has started all that the machine should run; after a reboot, with the boot before it.</summary>
    public Task WaitUntilBootedAsync(string? before = null, CancellationToken cancellationToken = default) =>
        Eventually.HoldsAsync(
            "the machine has booted",
            patience,
            async cancel =>
            {
                await Task.Delay(s_look, cancel);
                if (!await agent.AnswersAsync(cancel))
                    return false;
                try
                {
                    var state = await ShellAsync("cat /proc/sys/kernel/random/boot_id; systemctl is-system-running || true", cancel);
                    return state.Split('\n') is [var boot, "running" or "degraded"] && boot != before;
                }
                catch (LabException)
                {
                    // It goes down, or has not come far enough yet.
                    return false;
                }
            },
            cancellationToken,
            () => $"QEMU: {qemu?.LastLines()}\nIts console:\n{string.Join('\n', ReadConsole().Split('\n').TakeLast(20))}"
        );

    /// <summary>What systemd says of a unit: active, inactive, failed, activating, deactivating.</summary>
    public async Task<string> UnitStateAsync(string unit, CancellationToken cancellationToken = default) =>
        (await ExecAsync(["systemctl", "is-active", unit], cancellationToken: cancellationToken)).StandardOutput.Trim();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        agent.Dispose();
    }

    // Where this host is a virtual machine itself, a /dev/kvm may be there and yet boot no stock kernel; the processor's
    // own extensions tell.
    private static string[] Acceleration() =>
        File.Exists("/dev/kvm")
        && File.ReadLines("/proc/cpuinfo")
            .Any(line => line.StartsWith("flags", StringComparison.Ordinal) && line.Split(' ').Intersect(["vmx", "svm"]).Any())
            ? ["-accel", "kvm", "-cpu", "host"]
            : ["-accel", "tcg,thread=multi", "-cpu", "max"];

    private static string? FindProgram() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(':')
            .Append("/usr/bin")
            .Select(folder => Path.Combine(folder, Program))
            .FirstOrDefault(File.Exists);

    private static async Task<CommandResult> RunAsync(string program, IReadOnlyList<string> words, CancellationToken cancellationToken)
    {
        var result = await Cli.Wrap(program)
            .WithArguments(words)
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(cancellationToken);
        return new CommandResult(
            $"{program} {string.Join(' ', words)}",
            result.ExitCode,
            result.StandardOutput,
            result.StandardError
        ).EnsureSucceeded();
    }

    private string InDirectory(string name) => Path.Combine(directory, name);
}
