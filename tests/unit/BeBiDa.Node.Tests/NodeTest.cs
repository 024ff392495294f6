using BeBiDa.Abi;
using BeBiDa.Configuration;
using BeBiDa.Jobs;
using BeBiDa.Tests;
using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Node.Tests;

/// <summary>A node with kubelet and containerd running, and what Slurm does to it.</summary>
public abstract class NodeTest
{
    internal const string Kubelet = "kubelet.service";
    internal const string Containerd = "containerd.service";
    internal const string LingerWatch = "bebida-linger.path";
    internal const string LingerWait = "bebida-recover.service";
    private string directory = "";
    private string processes = "";

    internal FakeServices Services { get; private set; } = null!;

    internal FakePods Pods { get; private set; } = null!;

    internal FakeLeftovers Leftovers { get; private set; } = null!;

    internal Lines Log { get; private set; } = null!;

    internal NodeState State { get; private set; } = null!;

    internal BebidaConfiguration Configuration { get; set; } = null!;

    internal FakeTimeProvider Time { get; set; } = null!;

    /// <summary>What happens while recovery waits.</summary>
    internal Action<TimeSpan> Wait { get; set; } = _ => { };

    /// <summary>Jobs that slurmctld says are over.</summary>
    internal HashSet<uint> Over { get; private set; } = null!;

    /// <summary>Called while slurmctld is asked for a job.</summary>
    internal Action<uint> OnFind { get; set; } = _ => { };

    internal List<string> Done => Services.Done;

    [SetUp]
    public void MakeNode()
    {
        directory = Directory.CreateTempSubdirectory("bebida-node-").FullName;
        processes = Directory.CreateTempSubdirectory("bebida-proc-").FullName;
        State = new NodeState(directory);
        Services = new FakeServices { [Kubelet] = FakeServices.Running, [Containerd] = FakeServices.Running };
        Pods = new FakePods(Services.Done);
        Leftovers = new FakeLeftovers(Services.Done);
        Log = new Lines();
        Time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
        Wait = left => Time.Advance(left);
        Configuration = new BebidaConfiguration();
        Over = [];
        OnFind = _ => { };
    }

    [TearDown]
    public void RemoveNode()
    {
        Directory.Delete(directory, recursive: true);
        Directory.Delete(processes, recursive: true);
    }

    internal string? Prolog(uint job, string notice = "") =>
        new Prolog(Configuration, State, Services, Pods, Leftovers, Log).Run(Job(job), notice, new Dictionary<string, string>());

    internal string? Epilog(uint job) => MakeEpilog().Run(Job(job));

    internal Epilog MakeEpilog() => new(Configuration, State, () => Services, _ => Pods, new Finder(Over) { OnFind = OnFind }, Time, Log);

    internal string? Recover() => new Recovery(State, MakeEpilog(), new RunningSteps(new HostProcesses(processes)), Time, Wait).Run();

    /// <summary>Adds a process to those of the node, with that command line.</summary>
    internal void AddProcess(int id, string title, int user = 0)
    {
        var folder = Directory.CreateDirectory(Path.Combine(processes, $"{id}")).FullName;
        File.WriteAllText(Path.Combine(folder, "comm"), Path.GetFileName(title.Split(':')[0]) + "\n");
        File.WriteAllText(Path.Combine(folder, "cmdline"), title + "\0");
        File.WriteAllText(Path.Combine(folder, "status"), $"Name:\tx\nUid:\t{user}\t{user}\t{user}\t{user}\n");
    }

    internal void EndProcess(int id) => Directory.Delete(Path.Combine(processes, $"{id}"), recursive: true);

    /// <summary>What a reboot leaves.</summary>
    internal void Reboot()
    {
        Directory.Delete(directory, recursive: true);
        Directory.CreateDirectory(directory);
        (Services[Kubelet], Services[Containerd]) = (FakeServices.Running, FakeServices.Running);
        Done.Clear();
    }

    internal void WriteFile(string name, string text) => File.WriteAllText(Path.Combine(directory, name), text);

    internal string ReadJobFile(uint job) => ReadFile(Path.Combine("jobs", $"{job}"));

    internal string ReadFile(string name) => File.ReadAllText(Path.Combine(directory, name));

    private static Job Job(uint id) => new("c", id, "", "alice", "batch", ["n1"]);

    private sealed class Finder(HashSet<uint> over) : IJobFinder
    {
        public required Action<uint> OnFind { get; init; }

        public FoundJob Find(uint job)
        {
            OnFind(job);
            return new FoundJob(over.Contains(job) ? Presence.Gone : Presence.Present);
        }
    }
}
