using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BeBiDa.Abi;
using BeBiDa.Lab;
using CliWrap;
using CliWrap.Buffered;

namespace BeBiDa.Libraries.Tests;

/// <summary>libbebida_node.so itself, called over its C ABI.</summary>
[NonParallelizable]
public class NodeLibrarySpecs
{
    private const int MegaByte = 1_000_000;
    private static readonly List<string> Log = [];
    private static readonly nint Handle = NativeLibrary.Load(FilePath);
    private string configuration = "";

    private static string FilePath => Path.Combine(PluginBuild.Locate().LibraryDirectory, "libbebida_node.so");

    [SetUp]
    public void WriteConfiguration()
    {
        Log.Clear();
        configuration = Path.Combine(Path.GetTempPath(), $"bebida-{Guid.NewGuid():N}.yaml");
        File.WriteAllText(configuration, "jobs:\n  mayKeep:\n    users: [alice]\n");
        Assert.That(SetEnv("BEBIDA_CONFIG", configuration, 1), Is.Zero);
    }

    [TearDown]
    public void RemoveConfiguration() => File.Delete(configuration);

    [Test]
    public async Task The_library_exports_what_the_header_says_and_nothing_else()
    {
        var symbols = await Cli.Wrap("nm").WithArguments(["-D", "--defined-only", FilePath]).ExecuteBufferedAsync();
        var exported = symbols
            .StandardOutput.Split('\n')
            .Where(l => l.Contains(" T ", StringComparison.Ordinal))
            .Select(l => l.Split(' ')[^1].Split('@')[0])
            .Order(StringComparer.Ordinal);
        Assert.That(Header.NodeFunctions, Has.Count.EqualTo(5));
        Assert.That(exported, Is.EqualTo(Header.NodeFunctions));
    }

    [Test]
    public unsafe void The_library_speaks_the_version_of_the_header() =>
        Assert.That(
            ((delegate* unmanaged[Cdecl]<uint>)NativeLibrary.GetExport(Handle, "bebida_abi_version"))(),
            Is.EqualTo(Header.Version)
        );

    [Test]
    public void The_library_is_small_for_it_is_loaded_for_every_job() =>
        Assert.That(new FileInfo(FilePath).Length, Is.LessThan(4 * MegaByte));

    [Test]
    public void A_user_who_may_keep_is_told_so() => Assert.That(MayKeep("alice"), Is.EqualTo((Header.Constant("BEBIDA_DONE"), "")));

    [Test]
    public void A_user_who_may_not_keep_is_told_by_which_key() =>
        Assert.That(
            MayKeep("bob"),
            Is.EqualTo(
                (
                    Header.Constant("BEBIDA_FAILED"),
                    $"bob may not leave nodes in Kubernetes on this cluster (jobs.mayKeep in {configuration}); without the option, the job takes its nodes from Kubernetes"
                )
            )
        );

    [Test]
    public void Where_there_is_no_configuration_the_daemons_decide()
    {
        File.Delete(configuration);
        Assert.That(MayKeep("bob").Outcome, Is.EqualTo(Header.Constant("BEBIDA_DONE")));
    }

    [Test]
    public void A_reason_is_cut_to_its_room() => Assert.That(MayKeep("bob", room: 16).Reason, Is.EqualTo("bob may not lea"));

    [Test]
    public void A_shim_of_another_version_is_refused_with_a_reason_that_says_so() =>
        Assert.That(
            MayKeep("alice", version: Header.Version + 1),
            Is.EqualTo(
                (
                    Header.Constant("BEBIDA_FAILED"),
                    $"libbebida_node.so has ABI version {Header.Version}, and the plugin that loaded it {Header.Version + 1}; install both from the same release"
                )
            )
        );

    [Test]
    public void A_mistake_in_the_configuration_is_said_with_its_place_and_drains_no_node()
    {
        File.WriteAllText(configuration, "node:\n  services: [kubelet]\n");
        var (outcome, _) = Call("bebida_node_prolog", ["SLURM_JOB_ID=7", "SLURMD_NODENAME=n1"]);
        Assert.That(outcome, Is.EqualTo(Header.Constant("BEBIDA_DONE")));
        Assert.That(
            Log.Single(),
            Does.StartWith($"{configuration}:2: node.services: 'kubelet' is not the name of a systemd unit such as kubelet.service")
        );
    }

    [Test]
    public void A_configuration_that_others_can_write_is_refused_with_what_to_run_and_drains_no_node()
    {
        File.SetUnixFileMode(configuration, (UnixFileMode)0b110_110_110);
        var (outcome, _) = Call("bebida_node_prolog", ["SLURM_JOB_ID=7", "SLURMD_NODENAME=n1"]);
        Assert.That(outcome, Is.EqualTo(Header.Constant("BEBIDA_DONE")));
        Assert.That(
            Log.Single(),
            Is.EqualTo(
                $"{configuration}: its mode 666 lets others change it; run: chmod go-w {configuration}; until this is fixed, jobs share their nodes with Kubernetes"
            )
        );
    }

    [Test]
    public void A_user_who_floods_the_environment_changes_nothing()
    {
        var flood = Enumerable.Range(0, 400_000).Select(i => $"SPANK_A{i}=");
        Assert.That(Call("bebida_node_may_keep", [.. flood, "SLURM_JOB_USER=alice"]).Outcome, Is.EqualTo(Header.Constant("BEBIDA_DONE")));
    }

    [Test]
    public void What_is_run_without_a_job_fails_with_a_reason() =>
        Assert.That(
            Call("bebida_node_prolog", ["SLURMD_NODENAME=n1"]).Reason,
            Does.StartWith("SLURM_JOB_ID: '' is not the number of a job")
        );

    private static (int Outcome, string Reason) MayKeep(string user, uint? version = null, int room = 256) =>
        Call("bebida_node_may_keep", [$"SLURM_JOB_USER={user}"], version, room);

    private static unsafe (int Outcome, string Reason) Call(string function, string[] environment, uint? version = null, int room = 256)
    {
        var host = new NodeHost
        {
            AbiVersion = version ?? Header.Version,
            Size = (uint)sizeof(NodeHost),
            Log = &OnLog,
            FindJob = &OnFindJob,
        };
        var reason = stackalloc byte[room];
        var variables = (byte**)NativeMemory.Alloc((nuint)(environment.Length + 1), (nuint)sizeof(byte*));
        for (var i = 0; i < environment.Length; i++)
            variables[i] = (byte*)Marshal.StringToCoTaskMemUTF8(environment[i]);
        variables[environment.Length] = null;
        var outcome = ((delegate* unmanaged[Cdecl]<NodeHost*, byte**, byte*, uint, int>)NativeLibrary.GetExport(Handle, function))(
            &host,
            variables,
            reason,
            (uint)room
        );
        for (var i = 0; i < environment.Length; i++)
            Marshal.FreeCoTaskMem((nint)variables[i]);
        NativeMemory.Free(variables);
        return (outcome, Marshal.PtrToStringUTF8((nint)reason)!);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe void OnLog(int level, byte* line) => Log.Add(Marshal.PtrToStringUTF8((nint)line)!);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe int OnFindJob(uint job, byte* name, uint nameSize, byte* account, uint accountSize) =>
        Header.Constant("BEBIDA_UNKNOWN");

    [DllImport("libc", EntryPoint = "setenv")]
    private static extern int SetEnv(string name, string value, int overwrite);
}
