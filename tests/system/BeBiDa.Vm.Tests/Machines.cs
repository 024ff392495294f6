using BeBiDa.EmbeddedApi;

namespace BeBiDa.Vm.Tests;

/// <summary>What runs Kubernetes on the machine and outside of it.</summary>
public enum Kubernetes
{
    /// <summary>The embedded API server and a hollow kubelet.</summary>
    Hollow,

    /// <summary>A real API server, and a real kubelet whose pods are containerd's.</summary>
    Real,
}

/// <summary>The sites that fixtures of this assembly share: booting a machine is what takes time.</summary>
[SetUpFixture]
public sealed class Machines
{
    private static readonly string s_kubelet = Path.Combine(RealApiServer.Assets, "kubelet");
    private static readonly Dictionary<Kubernetes, Task<VmSite>> s_sites = [];

    // Under emulation all of it takes long: a run of all tests has the part without which the rest means nothing.
    private static readonly bool s_all = Environment.GetEnvironmentVariable("BEBIDA_VM") == "all";

    /// <summary>The real one where its binaries are; with BEBIDA_VM=all the other one, too.</summary>
    public static IEnumerable<Kubernetes> Kinds
    {
        get
        {
            var isReal = RealApiServer.IsAvailable && File.Exists(s_kubelet);
            if (isReal)
                yield return Kubernetes.Real;
            if (s_all || !isReal)
                yield return Kubernetes.Hollow;
        }
    }

    /// <summary>When the power is cut: while a job runs; with BEBIDA_VM=all at each other moment, too.</summary>
    public static IEnumerable<Moment> Moments => s_all ? Enum.GetValues<Moment>() : [Moment.JobRuns];

    internal static async Task<VmSite> GetAsync(Kubernetes kind)
    {
        if (VirtualMachine.WhyNot() is { } why)
            Assert.Ignore($"No virtual machine here: {why}");
        if (!s_sites.TryGetValue(kind, out var site))
            s_sites[kind] = site = VmSite.StartAsync(VmTest.Options(kind, s_kubelet));
        return await site;
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        foreach (var site in s_sites.Values)
            if (site.IsCompletedSuccessfully)
                await (await site).DisposeAsync();
    }
}
